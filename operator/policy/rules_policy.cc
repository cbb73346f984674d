// Rules of IpsecPolicy (contracts, section 2, POL-1 to POL-6).
#include <algorithm>
#include <array>

#include "common/catalog/algorithms.h"
#include "operator/api/schema.h"
#include "operator/policy/profile.h"
#include "operator/policy/rules.h"
#include "operator/policy/text.h"

namespace hawser::policy {
namespace {

using Words = std::vector<std::string_view>;

template <typename Rows, typename Allowed, typename Name>
void add_names(Words& out, const Rows& rows, Allowed allowed, Name name) {
  for (const auto& row : rows)
    if (allowed(row)) out.push_back(std::invoke(name, row));
}
template <typename Rows>
void add_aliases(Words& out, const Rows& rows) {
  for (const auto& row : rows) out.push_back(row.alias);
}
constexpr auto kAll = [](const auto&) { return true; };

Words ike_encryption_words() {
  Words out;
  add_names(
      out, catalog::kEncryption, [](const auto& r) { return r.ike; }, &catalog::EncryptionRow::name);
  return out;
}
Words ike_integrity_words() {
  Words out;
  add_names(
      out, catalog::kIntegrity, [](const auto& r) { return r.ike; }, &catalog::IntegrityRow::name);
  return out;
}
Words dh_group_words() {
  Words out;
  add_names(out, catalog::kGroup, kAll, &catalog::GroupRow::name);
  add_aliases(out, catalog::kGroupAlias);
  return out;
}
Words ipsec_encryption_words() {
  Words out;
  add_names(
      out, catalog::kEncryption, [](const auto& r) { return r.esp; }, &catalog::EncryptionRow::name);
  return out;
}
Words ipsec_integrity_words() {
  Words out;
  add_names(
      out, catalog::kEncryption, [](const auto& r) { return r.aead(); }, &catalog::EncryptionRow::name);
  add_names(
      out, catalog::kIntegrity, [](const auto& r) { return r.esp; }, &catalog::IntegrityRow::name);
  return out;
}
Words pfs_group_words() {
  Words out;
  add_names(out, catalog::kGroup, kAll, &catalog::GroupRow::pfs_name);
  add_aliases(out, catalog::kPfsGroupAlias);
  out.push_back(catalog::kPfsMainMode);
  out.push_back(catalog::kPfsNone);
  return out;
}

struct AlgorithmField {
  std::string_view name;
  std::string api::IpsecPolicySpec::*value;
  Words (*allowed)();
};
constexpr std::array kFields = std::to_array<AlgorithmField>({
    {"ikeEncryption", &api::IpsecPolicySpec::ike_encryption, ike_encryption_words},
    {"ikeIntegrity", &api::IpsecPolicySpec::ike_integrity, ike_integrity_words},
    {"dhGroup", &api::IpsecPolicySpec::dh_group, dh_group_words},
    {"ipsecEncryption", &api::IpsecPolicySpec::ipsec_encryption, ipsec_encryption_words},
    {"ipsecIntegrity", &api::IpsecPolicySpec::ipsec_integrity, ipsec_integrity_words},
    {"pfsGroup", &api::IpsecPolicySpec::pfs_group, pfs_group_words},
});

constexpr std::string_view kMisprint = "GCMASE256";
// What Azure's own table lists and nobody can mean: a rule of their own, POL-3.
bool is_seed_misprint(std::string_view field, std::string_view value) {
  const auto* row = api::find_field(api::spec_fields(api::Kind::IpsecPolicy), field);
  return row != nullptr && std::ranges::find(row->refused, value) != row->refused.end();
}

std::string path(std::string_view field) { return "spec." + std::string(field); }

bool is_gcm(std::string_view name) {
  const auto* row = catalog::find_esp_encryption(name);
  return row != nullptr && row->aead();
}

template <typename Check>
Findings for_each_policy(const RuleInput& input, Check check) {
  Findings out;
  for (const auto& [key, policy] : input.objects.ipsec_policies)
    check(key_of(api::Kind::IpsecPolicy, policy), policy.spec, out);
  return out;
}

}  // namespace

Findings check_algorithms_present(const RuleInput& input) {
  return for_each_policy(input, [](const auto& object, const auto& spec, Findings& out) {
    for (const auto& field : kFields)
      if ((spec.*field.value).empty())
        out.push_back({object, path(field.name),
                       "'' is not an algorithm, a policy names all six; allowed: " + join(field.allowed()) +
                           "; add one"});
  });
}

Findings check_algorithm_values(const RuleInput& input) {
  return for_each_policy(input, [](const auto& object, const auto& spec, Findings& out) {
    for (const auto& field : kFields) {
      const std::string& value = spec.*field.value;
      Words allowed = field.allowed();
      if (value.empty() || is_seed_misprint(field.name, value) ||
          std::ranges::find(allowed, value) != allowed.end())
        continue;
      std::string_view near = nearest(value, allowed);
      out.push_back({object, path(field.name),
                     quoted(value) + " is not known; allowed: " + join(allowed) + "; " +
                         (near.empty() ? std::string("choose one, as the peer has it")
                                       : "did you mean " + quoted(near) + "?")});
    }
  });
}

Findings check_seed_misprints(const RuleInput& input) {
  return for_each_policy(input, [](const auto& object, const auto& spec, Findings& out) {
    for (const auto& field : kFields) {
      const std::string& value = spec.*field.value;
      if (!is_seed_misprint(field.name, value)) continue;
      std::string why = value == kMisprint ? "'GCMASE256' is a misprint of Azure's table"
                                           : "'None' cannot be, IKEv2 always carries a key exchange";
      std::string what = value == kMisprint ? "did you mean 'GCMAES256'?"
                                            : "choose the peer's group; for no PFS set pfsGroup: None";
      out.push_back({object, path(field.name), why + "; allowed: " + join(field.allowed()) + "; " + what});
    }
  });
}

Findings check_gcm_pair(const RuleInput& input) {
  return for_each_policy(input, [](const auto& object, const auto& spec, Findings& out) {
    const std::string& encryption = spec.ipsec_encryption;
    const std::string& integrity = spec.ipsec_integrity;
    if ((!is_gcm(encryption) && !is_gcm(integrity)) || encryption == integrity) return;
    // What is missing or unknown is reported by POL-1 to POL-3.
    Words encryptions = ipsec_encryption_words();
    Words integrities = ipsec_integrity_words();
    if (std::ranges::find(encryptions, encryption) == encryptions.end() ||
        std::ranges::find(integrities, integrity) == integrities.end())
      return;
    const std::string& gcm = is_gcm(encryption) ? encryption : integrity;
    out.push_back({object, "spec.ipsecIntegrity",
                   quoted(integrity) + " does not go with ipsecEncryption " + quoted(encryption) +
                       "; allowed: with GCMAES the same algorithm and key length in both; set both to " +
                       quoted(gcm) + ", or neither to a GCMAES"});
  });
}

Findings check_lifetimes(const RuleInput& input) {
  return for_each_policy(input, [](const auto& object, const auto& spec, Findings& out) {
    if (spec.sa_life_time_seconds < 300 || spec.sa_life_time_seconds > 172799)
      out.push_back({object, "spec.saLifeTimeSeconds",
                     quoted(std::to_string(spec.sa_life_time_seconds)) +
                         " is out of range; allowed: 300..172799 seconds; 27000 is the default"});
    if (spec.sa_data_size_kilobytes < 1024 || spec.sa_data_size_kilobytes > 2147483647)
      out.push_back({object, "spec.saDataSizeKilobytes",
                     quoted(std::to_string(spec.sa_data_size_kilobytes)) +
                         " is out of range; allowed: 1024..2147483647 KB; 102400000 is the default"});
  });
}

Findings check_weak_algorithms(const RuleInput& input) {
  return for_each_policy(input, [](const auto& object, const auto& spec, Findings& out) {
    for (const auto& weak : weak_fields(canonical(spec)))
      out.push_back({object, path(weak.field),
                     quoted(weak.value) +
                         " is weak (RFC 8221, RFC 8247); allowed as Azure Stack allows it; choose " +
                         std::string(weak.better) + " if the peer can"});
  });
}

}  // namespace hawser::policy
