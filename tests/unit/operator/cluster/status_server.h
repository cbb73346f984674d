#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "operator/cluster/status_observer.h"
#include "operator/kube/client.h"

namespace hawser::cluster {

// The part of an API server that statuses go to, behind kube::Client: answers in step(), in the order of the
// calls.
class StatusServer final : public kube::Client {
 public:
  struct Stored {
    nlohmann::json status;
    uint64_t resource_version = 0;
  };

  std::unique_ptr<Call> call(kube::ApiRequest request, Done done) override {
    asked.push_back(request);
    const uint64_t id = ++last_id_;
    waiting_.push_back({id, std::move(request), std::move(done)});
    live_.insert(id);
    return std::make_unique<Handle>(*this, id);
  }
  std::unique_ptr<Call> watch(kube::ApiRequest, Pieces) override { return nullptr; }
  void step(TimePoint) override {
    while (answers && !waiting_.empty()) {
      Waiting next = std::move(waiting_.front());
      waiting_.pop_front();
      if (live_.contains(next.id)) next.done(answer(next.request));
    }
  }
  std::optional<TimePoint> next_deadline() const override { return std::nullopt; }
  std::vector<std::string> take_warnings() override { return {}; }
  kube::RequestCounts requests() const override { return {}; }

  // As a person would with kubectl edit --subresource=status.
  void put(const std::string& path, nlohmann::json status) { stored[path] = {std::move(status), ++version}; }
  size_t under_way() const { return live_.size(); }

  std::map<std::string, Stored> stored;  // by the path of the status
  std::vector<kube::ApiRequest> asked;
  std::deque<int> failures;  // codes of the next answers
  bool answers = true;
  std::string dropped;  // a field of status that its CRD does not know
  uint64_t version = 100;

 private:
  struct Waiting {
    uint64_t id;
    kube::ApiRequest request;
    Done done;
  };
  struct Handle final : Call {
    Handle(StatusServer& s, uint64_t i) : server(s), id(i) {}
    ~Handle() override { server.live_.erase(id); }
    StatusServer& server;
    uint64_t id;
  };

  kube::ApiAnswer answer(const kube::ApiRequest& request) {
    kube::ApiAnswer out;
    int code = 0;
    if (!failures.empty()) {
      code = failures.front();
      failures.pop_front();
    } else if (!stored.contains(request.path)) {
      code = 404;
    }
    if (code != 0) {
      out.error = kube::ApiError{code, "", "PATCH " + request.path + ": " + std::to_string(code), {}, {}};
      return out;
    }
    auto body = nlohmann::json::parse(request.body);
    body["status"].erase(dropped);
    Stored& object = stored[request.path];
    if (object.status != body["status"]) object = {body["status"], ++version};
    out.body = body;
    out.body["metadata"]["resourceVersion"] = std::to_string(object.resource_version);
    return out;
  }

  std::deque<Waiting> waiting_;
  std::set<uint64_t> live_;
  uint64_t last_id_ = 0;
};

}  // namespace hawser::cluster
