#include "operator/controller/controller.h"

#include <algorithm>
#include <utility>

namespace hawser::controller {
namespace {

constexpr Duration kRetry = std::chrono::seconds(5);

bool same(const sidecars::DesiredEntry& a, const sidecars::DesiredEntry& b) {
  return a.namespace_ == b.namespace_ && a.name == b.name && a.uid == b.uid && a.revision == b.revision &&
         (a.spec == nullptr) == (b.spec == nullptr);
}

bool same(const sidecars::Desired& a, const sidecars::Desired& b) {
  return a.hold_others == b.hold_others &&
         std::ranges::equal(a.entries, b.entries, [](const auto& x, const auto& y) { return same(x, y); });
}

}  // namespace

Controller::Controller(const store::ObjectSource& source, store::StatusSink& sink, sidecars::Fleet& fleet)
    : source_(source), sink_(sink), fleet_(fleet), previous_(sink.statuses()) {}

Inputs Controller::gather() const { return {source_.snapshot(), previous_, memory_, fleet_.snapshots()}; }

PassReport Controller::run(store::Now now) {
  PassReport report;
  apply(decide(gather(), now), report);
  if (report.errors > 0) {
    const TimePoint retry = now.monotonic + kRetry;
    report.again_at = report.again_at ? std::min(*report.again_at, retry) : retry;
  }
  return report;
}

void Controller::apply(Decision decision, PassReport& report) {
  // Tunnels first: a full disk must not keep a policy from its sidecar.
  send(decision.desired);
  report.notices = std::move(decision.notices);
  report.again_at = decision.again_at;
  auto failed = [&](const Error& error) {
    ++report.errors;
    report.notices.push_back({store::Notice::Level::Error, error.message});
  };
  for (const auto& [key, object] : decision.statuses) {
    auto written = sink_.write(key, object.meta, object.status);
    if (!written) {
      failed(written.error());
    } else if (*written) {
      ++report.writes;
    }
  }
  for (const api::ObjectKey& key : decision.removed) {
    auto removed = sink_.remove(key);
    if (!removed) failed(removed.error());
    previous_.erase(key);
  }
  for (const auto& [key, object] : decision.statuses) previous_[key] = object.status;
  statuses_ = std::move(decision.statuses);
  memory_ = std::move(decision.memory);
}

// The sidecars hear only what is new to them: every message makes them look at all their connections.
void Controller::send(const std::map<std::string, sidecars::Desired>& desired) {
  for (const auto& [name, wanted] : desired) {
    auto before = sent_.find(name);
    if (before != sent_.end() && same(before->second, wanted)) continue;
    fleet_.set_desired(name, wanted);
    sent_[name] = wanted;
  }
}

}  // namespace hawser::controller
