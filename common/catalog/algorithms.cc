#include "common/catalog/algorithms.h"

namespace hawser::catalog {
namespace {

template <typename Rows, typename Predicate>
auto find_row(const Rows& rows, Predicate predicate) -> const typename Rows::value_type* {
  auto it = std::ranges::find_if(rows, predicate);
  return it == rows.end() ? nullptr : &*it;
}

template <typename Rows>
std::string_view canonical(const Rows& aliases, std::string_view name) {
  auto row = find_row(aliases, [&](const AliasRow& r) { return r.alias == name; });
  return row ? row->canonical : name;
}

}  // namespace

const EncryptionRow* find_ike_encryption(std::string_view name) {
  return find_row(kEncryption, [&](const auto& r) { return r.ike && r.name == name; });
}
const EncryptionRow* find_esp_encryption(std::string_view name) {
  return find_row(kEncryption, [&](const auto& r) { return r.esp && r.name == name; });
}
const IntegrityRow* find_ike_integrity(std::string_view name) {
  return find_row(kIntegrity, [&](const auto& r) { return r.ike && r.name == name; });
}
const IntegrityRow* find_esp_integrity(std::string_view name) {
  return find_row(kIntegrity, [&](const auto& r) { return r.esp && r.name == name; });
}
const GroupRow* find_group(std::string_view dh_name_or_alias) {
  std::string_view name = canonical_group(dh_name_or_alias);
  return find_row(kGroup, [&](const auto& r) { return r.name == name; });
}
const GroupRow* find_pfs_group(std::string_view pfs_name_or_alias) {
  std::string_view name = canonical_pfs_group(pfs_name_or_alias);
  return find_row(kGroup, [&](const auto& r) { return r.pfs_name == name; });
}
const EncryptionRow* find_encryption(uint16_t transform_id, uint16_t key_bits) {
  return find_row(kEncryption, [&](const auto& r) {
    return r.transform_id == transform_id &&
           (r.has_key_length_attribute ? r.key_bits == key_bits : key_bits == 0);
  });
}
const IntegrityRow* find_integrity(uint16_t integ_id) {
  return find_row(kIntegrity, [&](const auto& r) { return r.integ_id == integ_id; });
}
const IntegrityRow* find_prf(uint16_t prf_id) {
  return find_row(kIntegrity, [&](const auto& r) { return r.prf_id == prf_id; });
}
const GroupRow* find_group(uint16_t id) {
  return find_row(kGroup, [&](const auto& r) { return r.id == id; });
}
std::string_view canonical_group(std::string_view dh_name) { return canonical(kGroupAlias, dh_name); }
std::string_view canonical_pfs_group(std::string_view pfs_name) {
  return canonical(kPfsGroupAlias, pfs_name);
}

}  // namespace hawser::catalog
