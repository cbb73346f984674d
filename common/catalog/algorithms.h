#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

// The algorithms of Azure Stack's IPsec/IKE policies, a row each. Everything else (schema enums, lint, the
// offer on the wire, key lengths, crypto objects, metric labels, test matrices) is derived from these rows.
// Data only: no OpenSSL types, hence usable by both programs. Rows live for ever; pass them by pointer.
namespace hawser::catalog {

enum class Strength : uint8_t { Good, Weak };  // Weak: RFC 8221, RFC 8247, RFC 9395; rule POL-6
enum class EncryptionKind : uint8_t { Cbc, Gcm, Null };
enum class GroupKind : uint8_t { Modp, Ecp };

struct EncryptionRow {
  std::string_view name;          // Azure's spelling
  uint16_t transform_id;          // IKEv2 transform type 1
  uint16_t key_bits;              // key proper, without salt
  bool has_key_length_attribute;  // RFC 7296 3.3.5
  EncryptionKind kind;
  uint8_t block_size;  // padding unit of the cipher, octets
  uint8_t iv_size;     // octets on the wire
  uint8_t salt_size;   // octets taken from the key material after the key (RFC 4106 4)
  uint8_t icv_size;    // octets, AEAD only
  bool ike;            // allowed as ikeEncryption
  bool esp;            // allowed as ipsecEncryption
  Strength strength;
  std::string_view openssl_name;      // "" for NULL encryption
  std::string_view openssl_provider;  // "legacy" for DES, else "default"
  std::string_view wireshark_ike;     // spelling in ikev2_decryption_table; "" when not used by IKE
  std::string_view wireshark_esp;     // spelling in esp_sa

  constexpr bool aead() const { return kind == EncryptionKind::Gcm; }
  constexpr size_t key_size() const { return key_bits / 8; }
  constexpr size_t key_material_size() const { return key_size() + salt_size; }
};

struct IntegrityRow {
  std::string_view name;  // Azure's spelling
  uint16_t integ_id;      // IKEv2 transform type 3
  uint16_t prf_id;        // IKEv2 transform type 2: the PRF is the hash of ikeIntegrity
  uint8_t key_size;       // octets; digest size (RFC 2403, 2404, 4868)
  uint8_t icv_size;       // octets
  bool ike;
  bool esp;
  Strength strength;
  std::string_view openssl_digest;
  std::string_view wireshark_ike;
  std::string_view wireshark_esp;
};

struct GroupRow {
  std::string_view name;      // canonical in dhGroup
  std::string_view pfs_name;  // canonical in pfsGroup
  uint16_t id;                // IKEv2 transform type 4
  GroupKind kind;
  uint16_t public_size;  // octets of the KE payload's data (RFC 7296 3.4, RFC 5903 7)
  uint16_t secret_size;  // octets of g^ir: modulus length, or field length of x
  Strength strength;
  std::string_view openssl_group;  // "" when OpenSSL has no name for it: then the prime below, generator 2
  std::string_view prime_hex;
};

// A spelling that means another one. The user's spelling stays in spec; status shows the canonical one.
struct AliasRow {
  std::string_view alias;
  std::string_view canonical;
};

// clang-format off
inline constexpr std::array kEncryption = std::to_array<EncryptionRow>({
    //name        id  bits  attr  kind                 blk iv salt icv  ike    esp   strength        openssl         provider   wireshark IKE                wireshark ESP
    {"AES256",    12, 256, true,  EncryptionKind::Cbc,  16, 16, 0, 0,  true,  true,  Strength::Good, "AES-256-CBC",  "default", "AES-CBC-256 [RFC3602]",     "AES-CBC [RFC3602]"},
    {"AES192",    12, 192, true,  EncryptionKind::Cbc,  16, 16, 0, 0,  true,  true,  Strength::Good, "AES-192-CBC",  "default", "AES-CBC-192 [RFC3602]",     "AES-CBC [RFC3602]"},
    {"AES128",    12, 128, true,  EncryptionKind::Cbc,  16, 16, 0, 0,  true,  true,  Strength::Good, "AES-128-CBC",  "default", "AES-CBC-128 [RFC3602]",     "AES-CBC [RFC3602]"},
    {"DES3",       3, 192, false, EncryptionKind::Cbc,   8,  8, 0, 0,  true,  true,  Strength::Weak, "DES-EDE3-CBC", "default", "3DES [RFC2451]",            "TripleDES-CBC [RFC2451]"},
    {"DES",        2,  64, false, EncryptionKind::Cbc,   8,  8, 0, 0,  true,  true,  Strength::Weak, "DES-CBC",      "legacy",  "",                          "DES-CBC [RFC2405]"},
    {"GCMAES256", 20, 256, true,  EncryptionKind::Gcm,   4,  8, 4, 16, false, true,  Strength::Good, "AES-256-GCM",  "default", "",                          "AES-GCM with 16 octet ICV [RFC4106]"},
    {"GCMAES192", 20, 192, true,  EncryptionKind::Gcm,   4,  8, 4, 16, false, true,  Strength::Good, "AES-192-GCM",  "default", "",                          "AES-GCM with 16 octet ICV [RFC4106]"},
    {"GCMAES128", 20, 128, true,  EncryptionKind::Gcm,   4,  8, 4, 16, false, true,  Strength::Good, "AES-128-GCM",  "default", "",                          "AES-GCM with 16 octet ICV [RFC4106]"},
    {"None",      11,   0, false, EncryptionKind::Null,  4,  0, 0, 0,  false, true,  Strength::Weak, "",             "default", "",                          "NULL"},
});

inline constexpr std::array kIntegrity = std::to_array<IntegrityRow>({
    //name     integ prf key icv  ike    esp    strength        digest    wireshark IKE                         wireshark ESP
    {"SHA384", 13,   6,  48, 24,  true,  false, Strength::Good, "SHA384", "HMAC_SHA2_384_192 [RFC4868]",  "HMAC-SHA-384-192 [RFC4868]"},
    {"SHA256", 12,   5,  32, 16,  true,  true,  Strength::Good, "SHA256", "HMAC_SHA2_256_128 [RFC4868]",  "HMAC-SHA-256-128 [RFC4868]"},
    {"SHA1",    2,   2,  20, 12,  true,  true,  Strength::Weak, "SHA1",   "HMAC_SHA1_96 [RFC2404]",       "HMAC-SHA-1-96 [RFC2404]"},
    {"MD5",     1,   1,  16, 12,  true,  true,  Strength::Weak, "MD5",    "HMAC_MD5_96 [RFC2403]",        "HMAC-MD5-96 [RFC2403]"},
});

inline constexpr std::array kGroup = std::to_array<GroupRow>({
    //name        pfs        id  kind             public secret strength        openssl         prime (RFC 2409 6.1, 6.2)
    {"ECP384",    "ECP384",  20, GroupKind::Ecp,   96,  48, Strength::Good, "P-384",        ""},
    {"ECP256",    "ECP256",  19, GroupKind::Ecp,   64,  32, Strength::Good, "P-256",        ""},
    {"DHGroup24", "PFS24",   24, GroupKind::Modp, 256, 256, Strength::Weak, "dh_2048_256",  ""},
    {"DHGroup14", "PFS2048", 14, GroupKind::Modp, 256, 256, Strength::Good, "modp_2048",    ""},
    {"DHGroup2",  "PFS2",     2, GroupKind::Modp, 128, 128, Strength::Weak, "",
     "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
     "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
     "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF"},
    {"DHGroup1",  "PFS1",     1, GroupKind::Modp,  96,  96, Strength::Weak, "",
     "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
     "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A63A3620FFFFFFFFFFFFFFFF"},
});

inline constexpr std::array kGroupAlias    = std::to_array<AliasRow>({{"DHGroup2048", "DHGroup14"}});
inline constexpr std::array kPfsGroupAlias = std::to_array<AliasRow>({{"PFS14", "PFS2048"}, {"none", "None"}});
// clang-format on

// pfsGroup value for "no key exchange in CREATE_CHILD_SA", and the one for "the group of dhGroup" (contracts,
// section 2).
inline constexpr std::string_view kPfsNone = "None";
inline constexpr std::string_view kPfsMainMode = "PFSMM";

// By canonical name; null when there is no such row (or not for that use).
const EncryptionRow* find_ike_encryption(std::string_view name);
const EncryptionRow* find_esp_encryption(std::string_view name);
const IntegrityRow* find_ike_integrity(std::string_view name);
const IntegrityRow* find_esp_integrity(std::string_view name);
const GroupRow* find_group(std::string_view dh_name_or_alias);
const GroupRow* find_pfs_group(std::string_view pfs_name_or_alias);
// By what is on the wire; null when unknown. key_bits is 0 when the attribute is absent.
const EncryptionRow* find_encryption(uint16_t transform_id, uint16_t key_bits);
const IntegrityRow* find_integrity(uint16_t integ_id);
const IntegrityRow* find_prf(uint16_t prf_id);
const GroupRow* find_group(uint16_t id);

// "DHGroup2048" -> "DHGroup14"; any other text comes back as it is. Views of static storage or of the
// argument.
std::string_view canonical_group(std::string_view dh_name);
// "PFS14" -> "PFS2048", "none" -> "None"; "PFSMM" stays (it needs dhGroup: see policy).
std::string_view canonical_pfs_group(std::string_view pfs_name);

namespace detail {
template <typename Rows, typename Key>
consteval bool unique(const Rows& rows, Key key) {
  for (size_t i = 0; i < rows.size(); ++i)
    for (size_t j = i + 1; j < rows.size(); ++j)
      if (key(rows[i]) == key(rows[j])) return false;
  return true;
}
}  // namespace detail

static_assert(detail::unique(kEncryption, [](const auto& r) { return r.name; }));
static_assert(detail::unique(kEncryption, [](const auto& r) { return r.transform_id * 1000 + r.key_bits; }));
static_assert(std::ranges::all_of(kEncryption, [](const auto& r) {
  return (r.ike || r.esp) && r.key_bits % 8 == 0 && (r.salt_size > 0) == r.aead() &&
         (r.icv_size > 0) == r.aead();
}));
static_assert(detail::unique(kIntegrity, [](const auto& r) { return r.name; }));
static_assert(detail::unique(kIntegrity, [](const auto& r) { return r.integ_id; }));
static_assert(detail::unique(kIntegrity, [](const auto& r) { return r.prf_id; }));
static_assert(std::ranges::all_of(kIntegrity, [](const auto& r) {
  return (r.ike || r.esp) && r.icv_size <= r.key_size;
}));
static_assert(detail::unique(kGroup, [](const auto& r) { return r.name; }));
static_assert(detail::unique(kGroup, [](const auto& r) { return r.pfs_name; }));
static_assert(detail::unique(kGroup, [](const auto& r) { return r.id; }));
static_assert(std::ranges::all_of(kGroup, [](const auto& r) {
  return r.openssl_group.empty() == (r.prime_hex.size() == size_t{2} * r.public_size) &&
         r.public_size == (r.kind == GroupKind::Ecp ? 2 * r.secret_size : r.secret_size);
}));

}  // namespace hawser::catalog
