#include "common/catalog/algorithms.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace hawser::catalog {
namespace {

// Numbers of IANA's IKEv2 registries (transform types 1 to 4) and sizes of the RFCs, written down apart from
// the rows.
TEST(EncryptionRows, HaveTheRegistriesNumbersAndTheRfcsSizes) {
  struct Expected {
    uint16_t id, bits;
    size_t key_material;
    uint8_t iv, icv;
  };
  const std::map<std::string_view, Expected> expected = {
      {"AES256", {12, 256, 32, 16, 0}},    {"AES192", {12, 192, 24, 16, 0}},     // RFC 3602
      {"AES128", {12, 128, 16, 16, 0}},    {"DES3", {3, 192, 24, 8, 0}},         // RFC 3602, RFC 2451
      {"DES", {2, 64, 8, 8, 0}},           {"GCMAES256", {20, 256, 36, 8, 16}},  // RFC 2405, RFC 4106
      {"GCMAES192", {20, 192, 28, 8, 16}}, {"GCMAES128", {20, 128, 20, 8, 16}},  // RFC 4106
      {"None", {11, 0, 0, 0, 0}},                                                // RFC 2410
  };
  ASSERT_EQ(kEncryption.size(), expected.size());
  for (const auto& row : kEncryption) {
    SCOPED_TRACE(row.name);
    const Expected& e = expected.at(row.name);
    EXPECT_EQ(row.transform_id, e.id);
    EXPECT_EQ(row.key_bits, e.bits);
    EXPECT_EQ(row.key_material_size(), e.key_material);
    EXPECT_EQ(row.iv_size, e.iv);
    EXPECT_EQ(row.icv_size, e.icv);
    // RFC 7296 3.3.5: only ciphers with a variable key have the attribute.
    EXPECT_EQ(row.has_key_length_attribute, e.id == 12 || e.id == 20);
  }
}

TEST(IntegrityRows, HaveTheRegistriesNumbersAndTheRfcsSizes) {
  struct Expected {
    uint16_t integ, prf;
    uint8_t key, icv;
  };
  const std::map<std::string_view, Expected> expected = {
      {"SHA384", {13, 6, 48, 24}},  // RFC 4868
      {"SHA256", {12, 5, 32, 16}},
      {"SHA1", {2, 2, 20, 12}},  // RFC 2404
      {"MD5", {1, 1, 16, 12}},   // RFC 2403
  };
  ASSERT_EQ(kIntegrity.size(), expected.size());
  for (const auto& row : kIntegrity) {
    SCOPED_TRACE(row.name);
    const Expected& e = expected.at(row.name);
    EXPECT_EQ(row.integ_id, e.integ);
    EXPECT_EQ(row.prf_id, e.prf);
    EXPECT_EQ(row.key_size, e.key);
    EXPECT_EQ(row.icv_size, e.icv);
  }
}

TEST(GroupRows, HaveTheRegistriesNumbersAndTheRfcsSizes) {
  struct Expected {
    uint16_t id, public_size, secret_size;
  };
  const std::map<std::string_view, Expected> expected = {
      {"ECP384", {20, 96, 48}},      {"ECP256", {19, 64, 32}},       // RFC 5903
      {"DHGroup24", {24, 256, 256}}, {"DHGroup14", {14, 256, 256}},  // RFC 5114, RFC 3526
      {"DHGroup2", {2, 128, 128}},   {"DHGroup1", {1, 96, 96}},      // RFC 7296 appendix B
  };
  ASSERT_EQ(kGroup.size(), expected.size());
  for (const auto& row : kGroup) {
    SCOPED_TRACE(row.name);
    const Expected& e = expected.at(row.name);
    EXPECT_EQ(row.id, e.id);
    EXPECT_EQ(row.public_size, e.public_size);
    EXPECT_EQ(row.secret_size, e.secret_size);
  }
}

TEST(Find, EveryRowByItsNameForItsUsesOnly) {
  for (const auto& row : kEncryption) {
    EXPECT_EQ(find_ike_encryption(row.name), row.ike ? &row : nullptr) << row.name;
    EXPECT_EQ(find_esp_encryption(row.name), row.esp ? &row : nullptr) << row.name;
  }
  for (const auto& row : kIntegrity) {
    EXPECT_EQ(find_ike_integrity(row.name), row.ike ? &row : nullptr) << row.name;
    EXPECT_EQ(find_esp_integrity(row.name), row.esp ? &row : nullptr) << row.name;
  }
  for (const auto& row : kGroup) {
    EXPECT_EQ(find_group(row.name), &row);
    EXPECT_EQ(find_pfs_group(row.pfs_name), &row);
  }
}

TEST(Find, EveryRowByItsNumber) {
  for (const auto& row : kEncryption) {
    uint16_t bits = row.has_key_length_attribute ? row.key_bits : uint16_t{0};
    EXPECT_EQ(find_encryption(row.transform_id, bits), &row);
    EXPECT_EQ(find_encryption(row.transform_id, row.has_key_length_attribute ? 0 : 64), nullptr)
        << "the attribute must be there exactly when the cipher has it";
  }
  for (const auto& row : kIntegrity) {
    EXPECT_EQ(find_integrity(row.integ_id), &row);
    EXPECT_EQ(find_prf(row.prf_id), &row);
  }
  for (const auto& row : kGroup) EXPECT_EQ(find_group(row.id), &row);
}

TEST(Find, NothingForWhatIsUnknown) {
  for (const char* name : {"", "aes256", "AES256 ", "AES512", "SHA512", "None "}) {
    EXPECT_EQ(find_ike_encryption(name), nullptr) << name;
    EXPECT_EQ(find_esp_encryption(name), nullptr) << name;
    EXPECT_EQ(find_ike_integrity(name), nullptr) << name;
    EXPECT_EQ(find_group(name), nullptr) << name;
    EXPECT_EQ(find_pfs_group(name), nullptr) << name;
  }
  EXPECT_EQ(find_encryption(12, 512), nullptr);
  EXPECT_EQ(find_encryption(0, 0), nullptr);
  EXPECT_EQ(find_integrity(14), nullptr);
  EXPECT_EQ(find_prf(7), nullptr);
  EXPECT_EQ(find_group(uint16_t{0}), nullptr);
  EXPECT_EQ(find_group(uint16_t{31}), nullptr);
}

TEST(Alias, MeansItsCanonicalRow) {
  EXPECT_EQ(canonical_group("DHGroup2048"), "DHGroup14");
  EXPECT_EQ(find_group("DHGroup2048"), find_group(uint16_t{14}));
  EXPECT_EQ(canonical_pfs_group("PFS14"), "PFS2048");
  EXPECT_EQ(find_pfs_group("PFS14"), find_group(uint16_t{14}));
  EXPECT_EQ(canonical_pfs_group("none"), kPfsNone);
  EXPECT_EQ(canonical_pfs_group(kPfsMainMode), kPfsMainMode);
  EXPECT_EQ(canonical_group("anything"), "anything");
  for (const auto& alias : kGroupAlias) EXPECT_NE(find_group(alias.canonical), nullptr);
  // "None" is no row: it means that there is no key exchange.
  EXPECT_EQ(find_pfs_group(kPfsNone), nullptr);
  EXPECT_EQ(find_pfs_group(kPfsMainMode), nullptr);
}

// RFC 8221, RFC 8247, RFC 9395.
TEST(Strength, IsWeakForWhatTheRfcsDeprecate) {
  const std::map<std::string_view, Strength> weak = {
      {"DES", Strength::Weak},      {"DES3", Strength::Weak},      {"None", Strength::Weak},
      {"SHA1", Strength::Weak},     {"MD5", Strength::Weak},       {"DHGroup1", Strength::Weak},
      {"DHGroup2", Strength::Weak}, {"DHGroup24", Strength::Weak},
  };
  auto expected = [&](std::string_view name) {
    return weak.contains(name) ? Strength::Weak : Strength::Good;
  };
  for (const auto& row : kEncryption) EXPECT_EQ(row.strength, expected(row.name)) << row.name;
  for (const auto& row : kIntegrity) EXPECT_EQ(row.strength, expected(row.name)) << row.name;
  for (const auto& row : kGroup) EXPECT_EQ(row.strength, expected(row.name)) << row.name;
}

}  // namespace
}  // namespace hawser::catalog
