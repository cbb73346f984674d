#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "operator/kube/http_transport.h"

namespace hawser::testing {

// An HttpTransport that does nothing by itself: the test sees each request and says what its answer brings.
// Delivers on the thread of the test. Safe to call from several threads.
//
//     transport.at(0).answer(200, "{}");      // of the first exchange that was started
//     transport.at(1).head(200);
//     transport.at(1).data("{\"type\":…}\n");
//     transport.at(1).end();
class ScriptedTransport final : public kube::HttpTransport {
 private:
  struct State;

 public:
  // An exchange as the server sees it. Deliveries after the client has left go nowhere.
  class Exchange {
   public:
    explicit Exchange(std::shared_ptr<State> state) : state_(std::move(state)) {}
    const kube::HttpRequest& request() const;
    std::string target() const;  // "GET /api/v1/pods?limit=1"
    bool cancelled() const;      // the client left, or it is over
    void head(int status, std::map<std::string, std::string> headers = {}) const;
    void data(const std::string& text) const;
    void end() const;
    void fail(const std::string& why) const;
    void answer(int status, const std::string& body, std::map<std::string, std::string> headers = {}) const;

   private:
    std::shared_ptr<State> state_;
  };

  // What send() answers; by default Unavailable.
  std::function<Result<kube::HttpResponse>(const kube::HttpRequest&)> on_send;
  // Called for each start(), outside all locks and before it returns; may answer at once.
  std::function<void(Exchange)> on_start;

  Result<kube::HttpResponse> send(const kube::HttpRequest& request) override;
  std::unique_ptr<kube::HttpExchange> start(kube::HttpRequest request, Sink sink) override;

  size_t count() const;  // exchanges started so far
  // REQUIRES: index < count().
  Exchange at(size_t index) const;
  Exchange last() const { return at(count() - 1); }
  // Those that are neither over nor cancelled, in the order of their start.
  std::vector<Exchange> open() const;

 private:
  class Handle;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<State>> exchanges_;
};

}  // namespace hawser::testing
