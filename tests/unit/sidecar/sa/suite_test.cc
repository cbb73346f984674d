#include "sidecar/sa/suite.h"

#include <gtest/gtest.h>

namespace hawser::sa {
namespace {

TEST(ChildSuite, KeyMaterialIsKeySaltAndIntegrityKey) {
  const auto* sha = catalog::find_esp_integrity("SHA256");
  EXPECT_EQ((ChildSuite{catalog::find_esp_encryption("AES256"), sha, nullptr}).key_material_size(), 64u);
  EXPECT_EQ((ChildSuite{catalog::find_esp_encryption("None"), sha, nullptr}).key_material_size(), 32u);
  EXPECT_EQ((ChildSuite{catalog::find_esp_encryption("GCMAES256"), nullptr, nullptr}).key_material_size(),
            36u);
  EXPECT_EQ((ChildSuite{catalog::find_esp_encryption("DES3"), catalog::find_esp_integrity("MD5"), nullptr})
                .key_material_size(),
            40u);
}

TEST(ChildSuite, NamesAreAzures) {
  ChildSuite gcm{catalog::find_esp_encryption("GCMAES128"), nullptr, catalog::find_pfs_group("PFS14")};
  EXPECT_EQ(gcm.integrity_name(), "GCMAES128");
  EXPECT_EQ(gcm.pfs_name(), "PFS2048");
  ChildSuite cbc{catalog::find_esp_encryption("AES128"), catalog::find_esp_integrity("SHA1"), nullptr};
  EXPECT_EQ(cbc.integrity_name(), "SHA1");
  EXPECT_EQ(cbc.pfs_name(), "None");
}

}  // namespace
}  // namespace hawser::sa
