#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/random.h"
#include "operator/kube/client.h"
#include "tests/support/kube/model_server.h"

namespace hawser::kube {

// A Client of a ModelServer, over a network that a test breaks. Deterministic for a seed.
class ModelClient final : public Client {
 public:
  // In percent. All zero: a perfect network with no latency.
  struct Faults {
    int lost_request = 0;  // it never arrives
    int lost_answer = 0;   // it is carried out, but the answer is lost
    int refused = 0;       // 429, 500, 403 or 503, as the dice fall
    int cut = 0;           // a watch, before each event
    int cut_in_order = 0;  // a watch ended by the server, before each event
    int stalled = 0;       // a watch brings nothing any more
    int repeated = 0;      // an event comes twice
    int replayed = 0;      // an event of long ago comes again
    Duration latency{};    // at most
  };
  ModelClient(ModelServer& server, uint64_t seed) : server_(server), dice_(seed) {}

  Faults faults;
  bool reachable = true;          // else requests and watches hang until they time out
  std::vector<ApiRequest> asked;  // every request that was sent

  std::unique_ptr<Call> call(ApiRequest request, Done done) override;
  std::unique_ptr<Call> watch(ApiRequest request, Pieces pieces) override;
  void step(TimePoint now) override;
  std::optional<TimePoint> next_deadline() const override;
  std::vector<std::string> take_warnings() override { return {}; }
  RequestCounts requests() const override { return {}; }
  // All watches break now.
  void reset_watches();

 private:
  struct UnderWay {
    ApiRequest request;
    Done done;      // of a call
    Pieces pieces;  // of a watch
    TimePoint sent{}, due{}, last_octet{}, last_bookmark{};
    bool opened = false, stalled = false, over = false, reset = false;
    ModelServer::Cursor cursor;
    std::vector<nlohmann::json> history;
  };
  struct Handle;
  std::unique_ptr<Call> begin(std::shared_ptr<UnderWay> work, std::list<std::shared_ptr<UnderWay>>& list);
  bool happens(int percent);
  void step_call(UnderWay& call);
  void step_watch(UnderWay& watch);
  void open_watch(UnderWay& watch);
  void end_watch(UnderWay& watch, std::vector<nlohmann::json> events, std::optional<ApiError> error);
  ApiError random_refusal();
  static ApiAnswer answer_of(ModelServer::Reply reply);

  ModelServer& server_;
  SeededJitter dice_;
  TimePoint now_{};
  std::list<std::shared_ptr<UnderWay>> calls_, watches_;
};

// A Client whose answers the test gives by hand.
class ScriptedClient final : public Client {
 public:
  struct Exchange {
    ApiRequest request;
    bool is_watch = false, cancelled = false;
    Done done;
    Pieces pieces;
    std::string query(const std::string& name) const {
      for (const auto& [key, value] : request.query)
        if (key == name) return value;
      return "(none)";
    }
  };
  std::vector<std::shared_ptr<Exchange>> all;

  Exchange& last() { return *all.at(all.size() - 1); }
  size_t open() const {
    size_t count = 0;
    for (const auto& exchange : all) count += !exchange->cancelled;
    return count;
  }
  void answer(nlohmann::json body) { last().done({std::nullopt, std::move(body)}); }
  void fail(ApiError error) { last().done({std::move(error), nullptr}); }
  void refuse(const ApiError& error) { last().is_watch ? end(error) : fail(error); }
  void events(std::vector<nlohmann::json> events) { last().pieces({std::move(events), false, std::nullopt}); }
  void end(std::optional<ApiError> error = std::nullopt) { last().pieces({{}, true, std::move(error)}); }

  std::unique_ptr<Call> call(ApiRequest request, Done done) override;
  std::unique_ptr<Call> watch(ApiRequest request, Pieces pieces) override;
  void step(TimePoint) override {}
  std::optional<TimePoint> next_deadline() const override { return std::nullopt; }
  std::vector<std::string> take_warnings() override { return {}; }
  RequestCounts requests() const override { return {}; }
};

}  // namespace hawser::kube
