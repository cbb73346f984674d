#pragma once

#include <string_view>

#include "common/catalog/algorithms.h"

namespace hawser::sa {

// One exact combination, as a policy gives it. Rows are static; never null unless said.
struct IkeSuite {
  const catalog::EncryptionRow* encryption = nullptr;
  const catalog::IntegrityRow* integrity = nullptr;  // its hash is the PRF as well
  const catalog::GroupRow* group = nullptr;
  friend bool operator==(const IkeSuite&, const IkeSuite&) = default;
};

struct ChildSuite {
  const catalog::EncryptionRow* encryption = nullptr;
  const catalog::IntegrityRow* integrity = nullptr;  // null with an AEAD
  const catalog::GroupRow* pfs = nullptr;            // null: pfsGroup None
  friend bool operator==(const ChildSuite&, const ChildSuite&) = default;

  // Octets of KEYMAT for one direction (RFC 7296 2.17): encryption key and salt, then integrity key.
  size_t key_material_size() const {
    return encryption->key_material_size() + (integrity != nullptr ? integrity->key_size : 0);
  }
  // As Azure writes it: with an AEAD the integrity is the cipher's own name.
  std::string_view integrity_name() const {
    return integrity != nullptr ? integrity->name : encryption->name;
  }
  std::string_view pfs_name() const { return pfs != nullptr ? pfs->pfs_name : catalog::kPfsNone; }
};

}  // namespace hawser::sa
