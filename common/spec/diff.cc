#include "common/spec/diff.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace hawser::spec {
namespace {

using Spec = v1::ConnectionSpec;

struct Row {
  Impact impact;
  bool (*differs)(const Spec& a, const Spec& b);
};

template <typename Prefixes>
std::vector<std::string> sorted(const Prefixes& prefixes) {
  std::vector<std::string> out(prefixes.begin(), prefixes.end());
  std::ranges::sort(out);
  return out;
}

template <typename Prefixes>
bool any_v6(const Prefixes& prefixes) {
  return std::ranges::any_of(prefixes, [](const std::string& p) { return p.find(':') != std::string::npos; });
}

// ::/0 is proposed beside 0.0.0.0/0 only when both sides list IPv6 prefixes (contracts, section 2).
bool proposes_v6(const Spec& s) { return any_v6(s.local_prefixes()) && any_v6(s.remote_prefixes()); }

#define FIELD(name) [](const Spec& a, const Spec& b) { return a.name() != b.name(); }
#define POLICY(name) [](const Spec& a, const Spec& b) { return a.policy().name() != b.policy().name(); }
#define SET(name) [](const Spec& a, const Spec& b) { return sorted(a.name()) != sorted(b.name()); }

// clang-format off
constexpr auto kRows = std::to_array<Row>({
    {Impact::Recreate,     FIELD(local_address)},
    {Impact::Recreate,     FIELD(remote_address)},
    {Impact::Recreate,     FIELD(data_plane)},
    {Impact::ReplaceIkeSa, FIELD(local_identity)},
    {Impact::ReplaceIkeSa, FIELD(remote_identity)},
    {Impact::ReplaceIkeSa, FIELD(shared_key)},
    {Impact::ReplaceIkeSa, POLICY(ike_encryption)},
    {Impact::ReplaceIkeSa, POLICY(ike_integrity)},
    {Impact::ReplaceIkeSa, POLICY(dh_group)},
    {Impact::RekeyChild,   POLICY(ipsec_encryption)},
    {Impact::RekeyChild,   POLICY(ipsec_integrity)},
    {Impact::RekeyChild,   POLICY(pfs_group)},
    {Impact::RekeyChild,   POLICY(sa_life_time_seconds)},
    {Impact::RekeyChild,   POLICY(sa_data_size_kilobytes)},
    {Impact::RekeyChild,   [](const Spec& a, const Spec& b) { return proposes_v6(a) != proposes_v6(b); }},
    {Impact::InPlace,      SET(local_prefixes)},
    {Impact::InPlace,      SET(remote_prefixes)},
    {Impact::InPlace,      FIELD(mode)},
    {Impact::InPlace,      FIELD(dpd_timeout_seconds)},
});
// clang-format on

#undef FIELD
#undef POLICY
#undef SET

}  // namespace

Impact diff(const v1::ConnectionSpec& before, const v1::ConnectionSpec& after) {
  Impact worst = Impact::None;
  for (const Row& row : kRows) {
    if (row.impact > worst && row.differs(before, after)) worst = row.impact;
  }
  return worst;
}

}  // namespace hawser::spec
