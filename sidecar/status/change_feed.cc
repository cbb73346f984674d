#include "sidecar/status/change_feed.h"

#include <set>

#include "sidecar/status/to_proto.h"

namespace hawser::status {
namespace {
constexpr Duration kInterval = std::chrono::seconds(1);
}

std::optional<v1::SidecarStatus> ChangeFeed::poll(TimePoint now, const Snapshot& snapshot) {
  v1::SidecarStatus out;
  out.set_full(!began_);
  next_due_.reset();
  std::set<sa::ConnectionName> present;
  for (const auto& connection : snapshot.connections) {
    const auto& name = connection.configured.name;
    present.insert(name);
    auto status = to_proto(snapshot, connection);
    auto serialized = status.SerializeAsString();
    auto told = told_.find(name);
    if (told != told_.end()) {
      if (told->second.status == serialized) continue;
      const TimePoint due = told->second.at + kInterval;
      if (now < due) {
        if (!next_due_ || due < *next_due_) next_due_ = due;
        continue;
      }
    }
    told_[name] = {std::move(serialized), now};
    *out.add_connections() = std::move(status);
  }
  std::erase_if(told_, [&](const auto& entry) { return !present.contains(entry.first); });
  if (began_ && out.connections().empty()) return std::nullopt;
  began_ = true;
  return out;
}

}  // namespace hawser::status
