#include "sidecar/sa/selectors.h"

#include <algorithm>
#include <ranges>

namespace hawser::sa {

TrafficSelector TrafficSelector::of(const IpPrefix& prefix) {
  TrafficSelector out;
  out.first = prefix.first();
  out.last = prefix.last();
  return out;
}

std::string TrafficSelector::to_string() const {
  std::string out = first.to_string() + "-" + last.to_string();
  if (protocol != 0) out += " protocol " + std::to_string(protocol);
  if (first_port != 0 || last_port != 65535)
    out += " ports " + std::to_string(first_port) + "-" + std::to_string(last_port);
  return out;
}

std::optional<TrafficSelector> intersect(const TrafficSelector& a, const TrafficSelector& b) {
  if (a.first.version() != b.first.version()) return std::nullopt;
  if (a.protocol != 0 && b.protocol != 0 && a.protocol != b.protocol) return std::nullopt;
  TrafficSelector out;
  out.protocol = std::max(a.protocol, b.protocol);
  out.first = std::max(a.first, b.first);
  out.last = std::min(a.last, b.last);
  out.first_port = std::max(a.first_port, b.first_port);
  out.last_port = std::min(a.last_port, b.last_port);
  if (out.first > out.last || out.first_port > out.last_port) return std::nullopt;
  return out;
}

TrafficSelectors narrow(const TrafficSelectors& ours, const TrafficSelectors& proposed) {
  TrafficSelectors out;
  for (const auto& theirs : proposed)
    for (const auto& mine : ours) {
      auto common = intersect(mine, theirs);
      if (common && std::ranges::find(out, *common) == out.end()) out.push_back(*common);
    }
  return out;
}

bool is_subset(const TrafficSelectors& inner, const TrafficSelectors& outer) {
  return !inner.empty() && std::ranges::all_of(inner, [&](const auto& i) {
    return std::ranges::any_of(outer, [&](const auto& o) { return intersect(i, o) == i; });
  });
}

std::string to_string(const TrafficSelectors& selectors) {
  constexpr size_t kShown = 8;  // the peer may send hundreds
  std::string out;
  for (const auto& ts : selectors | std::views::take(kShown))
    out += (out.empty() ? "" : ", ") + ts.to_string();
  return selectors.size() > kShown ? out + ", …" : out;
}

}  // namespace hawser::sa
