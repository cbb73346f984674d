#include "sidecar/agent/key_export.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace hawser::agent {
namespace {

SecretBytes secret(size_t size, uint8_t value) { return SecretBytes(Bytes(size, value)); }

ike::IkeKeysDerived ike_keys(std::string_view encryption) {
  ike::IkeKeysDerived keys;
  keys.initiator_spi = sa::IkeSpi(0x0102030405060708);
  keys.responder_spi = sa::IkeSpi(0x1112131415161718);
  keys.suite = {catalog::find_ike_encryption(encryption), catalog::find_ike_integrity("SHA1"),
                catalog::find_group(std::string_view("DHGroup14"))};
  keys.sk_ei = secret(2, 0xa1);
  keys.sk_er = secret(2, 0xa2);
  keys.sk_ai = secret(2, 0xb1);
  keys.sk_ar = secret(2, 0xb2);
  return keys;
}

sa::ChildSaSpec child(std::string_view encryption, const catalog::IntegrityRow* integrity) {
  sa::ChildSaSpec spec;
  spec.connection = "a/b";
  spec.inbound_spi = sa::Spi(0xc0de);
  spec.outbound_spi = sa::Spi(0xfeedface);
  spec.suite = {catalog::find_esp_encryption(encryption), integrity, nullptr};
  spec.inbound_keys.encryption = secret(2, 0xe1);
  spec.outbound_keys.encryption = secret(2, 0xe2);
  if (integrity != nullptr) {
    spec.inbound_keys.integrity = secret(2, 0xf1);
    spec.outbound_keys.integrity = secret(2, 0xf2);
  }
  return spec;
}

TEST(KeyExportTest, IkeLinesAreWiresharksTable) {
  EXPECT_EQ(ike_line(ike_keys("AES128")),
            "0102030405060708,1112131415161718,a1a1,a2a2,\"AES-CBC-128 [RFC3602]\",b1b1,b2b2,\"HMAC_SHA1_96 "
            "[RFC2404]\"\n");
}

TEST(KeyExportTest, EspLinesNameBothDirections) {
  EXPECT_EQ(esp_lines(child("AES256", catalog::find_esp_integrity("SHA256"))),
            "\"IPv4\",\"*\",\"*\",\"0x0000c0de\",\"AES-CBC [RFC3602]\",\"0xe1e1\",\"HMAC-SHA-256-128 "
            "[RFC4868]\",\"0xf1f1\"\n"
            "\"IPv4\",\"*\",\"*\",\"0xfeedface\",\"AES-CBC [RFC3602]\",\"0xe2e2\",\"HMAC-SHA-256-128 "
            "[RFC4868]\",\"0xf2f2\"\n");
}

TEST(KeyExportTest, AnAeadHasNoIntegrityKey) {
  EXPECT_TRUE(esp_lines(child("GCMAES256", nullptr))
                  .starts_with("\"IPv4\",\"*\",\"*\",\"0x0000c0de\",\"AES-GCM with 16 octet ICV "
                               "[RFC4106]\",\"0xe1e1\",\"NULL\",\"\"\n"));
}

TEST(KeyExportTest, FilesAreAppendedAndForTheOwnerAlone) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "hawser-key-export";
  std::filesystem::remove_all(folder);
  for (int i = 0; i < 2; ++i) {
    auto out = KeyExport::open(folder);
    ASSERT_TRUE(out);
    EXPECT_TRUE((*out)->add(ike_keys("AES128")));
    EXPECT_FALSE((*out)->add(ike_keys("DES")));
  }
  std::ifstream file(folder / "ikev2_decryption_table");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), ike_line(ike_keys("AES128")) + ike_line(ike_keys("AES128")));
  struct stat info {};
  ASSERT_EQ(stat((folder / "esp_sa").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  std::filesystem::remove_all(folder);
}

TEST(KeyExportTest, AFolderThatCannotBeMadeIsAnError) { EXPECT_FALSE(KeyExport::open("/dev/null/keys")); }

}  // namespace
}  // namespace hawser::agent
