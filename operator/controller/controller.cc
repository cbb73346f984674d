#include "operator/controller/controller.h"

#include <algorithm>
#include <utility>

namespace hawser::controller {
namespace {

constexpr Duration kRetry = std::chrono::seconds(5);

}  // namespace

Controller::Controller(const store::ObjectSource& source, store::StatusSink& sink, sidecars::Fleet& fleet)
    : source_(source), sink_(sink), fleet_(fleet) {
  for (auto& [key, status] : sink.statuses())
    statuses_[key] = std::make_shared<const ObjectStatus>(ObjectStatus{{}, std::move(status)});
}

// A new object of an old name has no past. (In folder mode the uid is made from the name.)
void Controller::forget_replaced(const store::SourceSnapshot& source) {
  auto forget_other = [&](const api::ObjectKey& key, const std::string& uid) {
    auto known = statuses_.find(key);
    if (known == statuses_.end() || known->second->meta.uid.empty() || known->second->meta.uid == uid) return;
    statuses_.erase(known);
    if (key.kind == api::Kind::Connection) memory_.in_force.erase(api::map_key(key.namespace_, key.name));
  };
  auto forget = [&](api::Kind kind, const auto& objects) {
    for (const auto& [name, object] : objects)
      forget_other({kind, object.meta.namespace_, object.meta.name}, object.meta.uid);
  };
  forget(api::Kind::VirtualNetwork, source.objects.virtual_networks);
  forget(api::Kind::VirtualNetworkGateway, source.objects.virtual_network_gateways);
  forget(api::Kind::LocalNetworkGateway, source.objects.local_network_gateways);
  forget(api::Kind::IpsecPolicy, source.objects.ipsec_policies);
  forget(api::Kind::Connection, source.objects.connections);
  // Its text may be no good: then it is not among the objects.
  for (const auto& [key, fault] : source.broken)
    if (!fault.uid.empty()) forget_other(key, fault.uid);
}

PassReport Controller::run(store::Now now, const std::function<bool()>& may_act) {
  PassReport report;
  auto source = source_.snapshot();
  forget_replaced(*source);
  Inputs inputs{source, statuses_, memory_, fleet_.snapshots(), fleet_.nodes()};
  Decision decision = decide(inputs, now);
  report.sidecars = std::move(inputs.sidecars);
  report.asked_rules = decision.memory.verdicts != memory_.verdicts;
  if (may_act && !may_act()) {
    report.given_up = true;
    return report;
  }
  apply(std::move(decision), report);
  if (report.errors > 0) {
    const TimePoint retry = now.monotonic + kRetry;
    report.again_at = report.again_at ? std::min(*report.again_at, retry) : retry;
  }
  return report;
}

void Controller::apply(Decision decision, PassReport& report) {
  // Tunnels first: a full disk must not keep a policy from its sidecar.
  for (auto& [name, wanted] : decision.desired) fleet_.set_desired(name, std::move(wanted));
  report.notices = std::move(decision.notices);
  report.transitions = std::move(decision.transitions);
  report.again_at = decision.again_at;
  auto failed = [&](const Error& error) {
    ++report.errors;
    report.notices.push_back({store::Notice::Level::Error, error.message});
  };
  for (const auto& [key, object] : decision.statuses) {
    auto written = sink_.write(key, object->meta, object->status);
    if (!written) {
      failed(written.error());
    } else if (*written) {
      ++report.writes;
    }
  }
  for (const api::ObjectKey& key : decision.removed) {
    auto removed = sink_.remove(key);
    if (!removed) failed(removed.error());
  }
  statuses_ = std::move(decision.statuses);
  memory_ = std::move(decision.memory);
}

}  // namespace hawser::controller
