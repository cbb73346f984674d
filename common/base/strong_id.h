#pragma once

#include <compare>
#include <functional>

namespace hawser {

// A raw number with a meaning: StrongId<struct SpiTag, uint32_t>. Compares and hashes, does not compute.
template <typename Tag, typename Int>
struct StrongId {
  Int value{};
  constexpr StrongId() = default;
  constexpr explicit StrongId(Int v) : value(v) {}
  friend constexpr auto operator<=>(const StrongId&, const StrongId&) = default;
  constexpr explicit operator bool() const { return value != 0; }
};

}  // namespace hawser

template <typename Tag, typename Int>
struct std::hash<hawser::StrongId<Tag, Int>> {
  size_t operator()(const hawser::StrongId<Tag, Int>& id) const { return std::hash<Int>{}(id.value); }
};
