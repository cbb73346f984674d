#include "tests/support/dataplane/child_sas.h"

namespace hawser::support {
namespace {

SecretBytes octets(size_t size, uint8_t seed) {
  SecretBytes out(size);
  uint8_t value = seed;
  // 1 and 7 keep DES keys from being weak ones; nothing checks parity.
  for (uint8_t& octet : out.mutable_view()) octet = value = static_cast<uint8_t>(value * 7 + 1);
  return out;
}

sa::TrafficSelectors any() {
  return {sa::TrafficSelector::of(IpPrefix::any(IpVersion::V4)),
          sa::TrafficSelector::of(IpPrefix::any(IpVersion::V6))};
}

}  // namespace

std::vector<sa::ChildSuite> all_child_suites() {
  std::vector<sa::ChildSuite> suites;
  for (const catalog::EncryptionRow& encryption : catalog::kEncryption) {
    if (!encryption.esp) continue;
    if (encryption.aead()) {
      suites.push_back({.encryption = &encryption});
      continue;
    }
    for (const catalog::IntegrityRow& integrity : catalog::kIntegrity)
      if (integrity.esp) suites.push_back({.encryption = &encryption, .integrity = &integrity});
  }
  return suites;
}

std::string suite_name(const sa::ChildSuite& suite) {
  return std::string(suite.encryption->name) + "-" + std::string(suite.integrity_name());
}

sa::ChildSuite default_child_suite() { return {.encryption = catalog::find_esp_encryption("GCMAES256")}; }

sa::ChildKeys fixed_keys(const sa::ChildSuite& suite, uint8_t seed) {
  return {.encryption = octets(suite.encryption->key_material_size(), seed),
          .integrity = octets(suite.integrity != nullptr ? suite.integrity->key_size : 0,
                              static_cast<uint8_t>(~seed))};
}

sa::ChildSaSpec left_spec(const sa::ConnectionName& connection, const sa::ChildSuite& suite, uint8_t n,
                          const Ends& ends) {
  sa::ChildSaSpec spec;
  spec.connection = connection;
  spec.suite = suite;
  spec.inbound_spi = sa::Spi(0x1000u * n + 1);
  spec.outbound_spi = sa::Spi(0x1000u * n + 2);
  spec.inbound_keys = fixed_keys(suite, static_cast<uint8_t>(2 * n));
  spec.outbound_keys = fixed_keys(suite, static_cast<uint8_t>(2 * n + 1));
  spec.encapsulation = ends.encapsulation;
  spec.local = ends.left;
  spec.remote = ends.right;
  spec.local_selectors = any();
  spec.remote_selectors = any();
  return spec;
}

sa::ChildSaSpec right_spec(const sa::ConnectionName& connection, const sa::ChildSuite& suite, uint8_t n,
                           const Ends& ends) {
  sa::ChildSaSpec spec = left_spec(connection, suite, n, ends);
  std::swap(spec.inbound_spi, spec.outbound_spi);
  std::swap(spec.inbound_keys, spec.outbound_keys);
  std::swap(spec.local, spec.remote);
  return spec;
}

sa::ChildSaSpec clone(const sa::ChildSaSpec& spec) {
  sa::ChildSaSpec copy;
  copy.connection = spec.connection;
  copy.inbound_spi = spec.inbound_spi;
  copy.outbound_spi = spec.outbound_spi;
  copy.suite = spec.suite;
  copy.inbound_keys = {spec.inbound_keys.encryption.clone(), spec.inbound_keys.integrity.clone()};
  copy.outbound_keys = {spec.outbound_keys.encryption.clone(), spec.outbound_keys.integrity.clone()};
  copy.encapsulation = spec.encapsulation;
  copy.local = spec.local;
  copy.remote = spec.remote;
  copy.local_selectors = spec.local_selectors;
  copy.remote_selectors = spec.remote_selectors;
  copy.soft_bytes = spec.soft_bytes;
  copy.hard_bytes = spec.hard_bytes;
  copy.use_outbound = spec.use_outbound;
  return copy;
}

}  // namespace hawser::support
