#pragma once

#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "operator/kube/client.h"

namespace hawser::cluster {

// Answers 403 to whatever has `forbidden` in its path, as RBAC does, or nothing at all; all else goes on.
class RefusingClient final : public kube::Client {
 public:
  explicit RefusingClient(kube::Client& inner) : inner_(inner) {}
  std::string forbidden{};  // empty: nothing
  bool silent = false;      // as if nobody listened there

  std::unique_ptr<Call> call(kube::ApiRequest request, Done done) override {
    if (!refuses(request)) return inner_.call(std::move(request), std::move(done));
    return refuse([this, path = request.path, done = std::move(done)] { done({error(path), {}}); });
  }
  std::unique_ptr<Call> watch(kube::ApiRequest request, Pieces pieces) override {
    if (!refuses(request)) return inner_.watch(std::move(request), std::move(pieces));
    return refuse([this, path = request.path, pieces = std::move(pieces)] {
      pieces({{}, true, error(path)});
    });
  }
  void step(TimePoint now) override {
    inner_.step(now);
    for (auto& [alive, answer] : std::exchange(refused_, {}))
      if (!alive.expired()) answer();
  }
  std::optional<TimePoint> next_deadline() const override { return inner_.next_deadline(); }
  std::vector<std::string> take_warnings() override { return inner_.take_warnings(); }
  kube::RequestCounts requests() const override { return inner_.requests(); }

 private:
  struct Refused final : Call {
    std::shared_ptr<int> alive = std::make_shared<int>(0);
  };
  bool refuses(const kube::ApiRequest& request) const {
    return !forbidden.empty() && request.path.find(forbidden) != std::string::npos;
  }
  std::unique_ptr<Call> refuse(std::function<void()> answer) {
    auto call = std::make_unique<Refused>();
    refused_.emplace_back(call->alive, std::move(answer));
    return call;
  }
  kube::ApiError error(const std::string& path) const {
    if (silent) return {0, "", "GET " + path + ": https://192.0.2.1:6443: Failed to connect", {}, {}};
    return {403, "Forbidden", path + " is forbidden: User \"x\" cannot get it", {}, {}};
  }

  kube::Client& inner_;
  std::list<std::pair<std::weak_ptr<int>, std::function<void()>>> refused_;
};

}  // namespace hawser::cluster
