#include "common/spec/check.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "common/base/ip.h"
#include "common/catalog/algorithms.h"

namespace hawser::spec {
namespace {

// What the timers of the engine need to stay apart: a rekey at 85 % must leave time for its retransmissions,
// the liveness probe at a third of the timeout must be at least a second.
constexpr uint32_t kMinLifeTimeSeconds = 10;
constexpr uint32_t kMinDataSizeKilobytes = 16;
constexpr uint32_t kMinDpdSeconds = 3;
constexpr uint32_t kMaxDpdSeconds = 3600;
constexpr size_t kMaxPrefixes = 64;
constexpr size_t kMaxKeySize = 128;
constexpr size_t kMaxIdentitySize = 255;

using Errors = std::vector<FieldError>;

std::string quoted(std::string_view value) { return "'" + std::string(value) + "'"; }

template <typename Rows, typename Allowed>
std::string names(const Rows& rows, Allowed allowed) {
  std::string out;
  for (const auto& row : rows) {
    if (!allowed(row)) continue;
    if (!out.empty()) out += ", ";
    out += row.name;
  }
  return out;
}

void refuse(Errors& out, std::string path, std::string_view value, const std::string& allowed) {
  out.push_back(
      {std::move(path), (value.empty() ? std::string("is missing") : quoted(value) + " is not usable") +
                            "; allowed: " + allowed});
}

bool usable_outer_address(const IpAddress& address) {
  // A link-local IPv6 address means nothing without a zone, and a zone has no place in the spec.
  return !address.is_unspecified() && !address.is_multicast() && !address.is_broadcast() &&
         !address.is_loopback() && (address.is_v4() || !address.is_link_local());
}

constexpr const char* kUnicast = "a unicast IPv4 or IPv6 address, without port or zone";

void check_remote_address(const v1::ConnectionSpec& spec, Errors& out) {
  auto address = IpAddress::parse(spec.remote_address());
  if (!address || !usable_outer_address(*address))
    refuse(out, "remote_address", spec.remote_address(), kUnicast);
}

void check_local_address(const v1::ConnectionSpec& spec, Errors& out) {
  if (spec.local_address().empty()) return;
  auto local = IpAddress::parse(spec.local_address());
  if (!local || !usable_outer_address(*local)) {
    refuse(out, "local_address", spec.local_address(), std::string(kUnicast) + ", or nothing");
    return;
  }
  auto remote = IpAddress::parse(spec.remote_address());
  if (!remote) return;
  if (local->version() != remote->version()) {
    refuse(out, "local_address", spec.local_address(), "an address of the same IP version as remote_address");
  } else if (*local == *remote) {
    refuse(out, "local_address", spec.local_address(), "an address other than remote_address");
  }
}

void check_identity(const std::string& path, const std::string& identity, Errors& out) {
  const bool printable =
      std::ranges::all_of(identity, [](unsigned char c) { return c >= 0x21 && c <= 0x7e; });
  if (printable && identity.size() <= kMaxIdentitySize) return;
  // The text may hold anything: it is not repeated.
  out.push_back(
      {path,
       "is not usable; allowed: an IP address, a domain name or user@domain of at most 255 characters "
       "0x21-0x7E, or nothing"});
}

void check_shared_key(const v1::ConnectionSpec& spec, Errors& out) {
  const auto& key = spec.shared_key();
  const bool printable = std::ranges::all_of(key, [](unsigned char c) { return c >= 0x21 && c <= 0x7e; });
  if (!key.empty() && key.size() <= kMaxKeySize && printable) return;
  out.push_back({"shared_key", "is not usable; allowed: 1..128 characters 0x21-0x7E"});
}

void check_ike_suite(const v1::ConnectionSpec& spec, Errors& out) {
  const auto& policy = spec.policy();
  if (catalog::find_ike_encryption(policy.ike_encryption()) == nullptr) {
    refuse(out, "policy.ike_encryption", policy.ike_encryption(),
           names(catalog::kEncryption, [](const auto& row) { return row.ike; }));
  }
  if (catalog::find_ike_integrity(policy.ike_integrity()) == nullptr) {
    refuse(out, "policy.ike_integrity", policy.ike_integrity(),
           names(catalog::kIntegrity, [](const auto& row) { return row.ike; }));
  }
  const auto* group = catalog::find_group(std::string_view(policy.dh_group()));
  if (group == nullptr || group->name != policy.dh_group()) {
    refuse(out, "policy.dh_group", policy.dh_group(),
           names(catalog::kGroup, [](const auto&) { return true; }));
  }
}

void check_esp_suite(const v1::ConnectionSpec& spec, Errors& out) {
  const auto& policy = spec.policy();
  const auto* encryption = catalog::find_esp_encryption(policy.ipsec_encryption());
  const auto* integrity = catalog::find_esp_integrity(policy.ipsec_integrity());
  if (encryption == nullptr) {
    refuse(out, "policy.ipsec_encryption", policy.ipsec_encryption(),
           names(catalog::kEncryption, [](const auto& row) { return row.esp; }));
  }
  if (encryption != nullptr && encryption->aead()) {
    if (policy.ipsec_integrity() == encryption->name) return;
    refuse(out, "policy.ipsec_integrity", policy.ipsec_integrity(),
           std::string(encryption->name) + ", as ipsec_encryption says");
  } else if (integrity == nullptr) {
    refuse(out, "policy.ipsec_integrity", policy.ipsec_integrity(),
           names(catalog::kIntegrity, [](const auto& row) { return row.esp; }));
  }
}

void check_pfs_group(const v1::ConnectionSpec& spec, Errors& out) {
  const auto& pfs = spec.policy().pfs_group();
  if (pfs == catalog::kPfsNone) return;
  const auto* group = catalog::find_pfs_group(pfs);
  if (group != nullptr && group->pfs_name == pfs) return;
  std::string allowed(catalog::kPfsNone);
  for (const auto& row : catalog::kGroup) allowed += ", " + std::string(row.pfs_name);
  refuse(out, "policy.pfs_group", pfs, allowed);
}

void check_range(Errors& out, const char* path, uint32_t value, uint32_t low, uint32_t high) {
  if (value >= low && value <= high) return;
  refuse(out, path, std::to_string(value), std::to_string(low) + ".." + std::to_string(high));
}

void check_lifetimes(const v1::ConnectionSpec& spec, Errors& out) {
  const auto& policy = spec.policy();
  check_range(out, "policy.sa_life_time_seconds", policy.sa_life_time_seconds(), kMinLifeTimeSeconds,
              UINT32_MAX);
  check_range(out, "policy.sa_data_size_kilobytes", policy.sa_data_size_kilobytes(), kMinDataSizeKilobytes,
              UINT32_MAX);
}

template <typename Prefixes>
void check_prefixes(const std::string& path, const Prefixes& prefixes, Errors& out) {
  if (prefixes.empty() || static_cast<size_t>(prefixes.size()) > kMaxPrefixes) {
    out.push_back({path, "has " + std::to_string(prefixes.size()) + " entries; allowed: 1..64"});
    return;
  }
  for (int i = 0; i < prefixes.size(); ++i) {
    auto prefix = IpPrefix::parse(prefixes[i]);
    if (prefix) continue;
    out.push_back({path + "[" + std::to_string(i) + "]",
                   quoted(prefixes[i]) +
                       " is not usable; allowed: a CIDR with host bits zero: " + prefix.error().message});
  }
}

void check_enums(const v1::ConnectionSpec& spec, Errors& out) {
  if (spec.mode() < v1::CONNECTION_MODE_DEFAULT || spec.mode() > v1::CONNECTION_MODE_RESPONDER_ONLY) {
    refuse(out, "mode", std::to_string(spec.mode()),
           "CONNECTION_MODE_DEFAULT, CONNECTION_MODE_INITIATOR_ONLY, CONNECTION_MODE_RESPONDER_ONLY");
  }
  if (spec.data_plane() < v1::DATA_PLANE_KIND_AUTO || spec.data_plane() > v1::DATA_PLANE_KIND_USER_SPACE) {
    refuse(out, "data_plane", std::to_string(spec.data_plane()),
           "DATA_PLANE_KIND_AUTO, DATA_PLANE_KIND_KERNEL, DATA_PLANE_KIND_USER_SPACE");
  }
}

using Rule = void (*)(const v1::ConnectionSpec&, Errors&);

constexpr auto kRules = std::to_array<Rule>({
    check_remote_address,
    check_local_address,
    [](const v1::ConnectionSpec& s, Errors& out) {
      check_identity("local_identity", s.local_identity(), out);
    },
    [](const v1::ConnectionSpec& s, Errors& out) {
      check_identity("remote_identity", s.remote_identity(), out);
    },
    check_shared_key,
    check_ike_suite,
    check_esp_suite,
    check_pfs_group,
    check_lifetimes,
    [](const v1::ConnectionSpec& s, Errors& out) {
      check_prefixes("local_prefixes", s.local_prefixes(), out);
    },
    [](const v1::ConnectionSpec& s, Errors& out) {
      check_prefixes("remote_prefixes", s.remote_prefixes(), out);
    },
    check_enums,
    [](const v1::ConnectionSpec& s, Errors& out) {
      check_range(out, "dpd_timeout_seconds", s.dpd_timeout_seconds(), kMinDpdSeconds, kMaxDpdSeconds);
    },
});

}  // namespace

std::vector<FieldError> check(const v1::ConnectionSpec& spec) {
  Errors errors;
  for (Rule rule : kRules) rule(spec, errors);
  return errors;
}

bool usable_name(std::string_view text) {
  constexpr size_t kMaxSize = 253;  // of a name; a namespace has less
  return !text.empty() && text.size() <= kMaxSize && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

}  // namespace hawser::spec
