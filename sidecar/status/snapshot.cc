#include "sidecar/status/snapshot.h"

#include <algorithm>

namespace hawser::status {

void ClockAnchor::update(TimePoint now, WallTime wall) {
  const Duration offset = wall.time_since_epoch() - now.time_since_epoch();
  const Duration drift = offset > offset_ ? offset - offset_ : offset_ - offset;
  if (set_ && drift <= std::chrono::seconds(2)) return;
  offset_ = offset;
  set_ = true;
}

std::string_view ConnectionSnapshot::object_namespace() const {
  const std::string_view name = configured.name;
  return name.substr(0, name.find('/'));
}

std::string_view ConnectionSnapshot::object_name() const {
  const std::string_view name = configured.name;
  const size_t slash = name.find('/');
  return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

Snapshot fold(Inputs inputs) {
  Snapshot out;
  out.anchor = inputs.anchor;
  out.data_plane = inputs.data_plane;
  out.version = std::move(inputs.version);
  std::map<sa::ConnectionName, ike::ConnectionView> views;
  for (auto& view : inputs.views) {
    auto name = view.name;
    views.emplace(std::move(name), std::move(view));
  }
  for (auto& configured : inputs.configured) {
    ConnectionSnapshot connection;
    if (auto view = views.find(configured.name); view != views.end())
      connection.view = std::move(view->second);
    if (inputs.tallies != nullptr) {
      if (auto tally = inputs.tallies->find(configured.name); tally != inputs.tallies->end()) {
        connection.tally = tally->second;
      }
    }
    if (auto counters = inputs.counters.find(configured.name); counters != inputs.counters.end()) {
      connection.counters = counters->second;
    }
    connection.configured = std::move(configured);
    out.connections.push_back(std::move(connection));
  }
  std::ranges::sort(out.connections, {},
                    [](const ConnectionSnapshot& c) { return std::string_view(c.configured.name); });
  return out;
}

}  // namespace hawser::status
