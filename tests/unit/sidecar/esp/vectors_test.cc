#include <gtest/gtest.h>

#include <set>

#include "sidecar/esp/inbound_sa.h"
#include "sidecar/esp/outbound_sa.h"
#include "tests/vectors/vector_file.h"

namespace hawser::esp {
namespace {

using hawser::testing::load_vectors;
using hawser::testing::VectorRecord;

class FixedRandom final : public Random {
 public:
  explicit FixedRandom(Bytes octets) : octets_(std::move(octets)) {}
  void fill(MutableBytesView out) override {
    CHECK(out.size() == octets_.size());
    std::ranges::copy(octets_, out.begin());
  }

 private:
  Bytes octets_;
};

sa::ChildSuite suite_of(const VectorRecord& v) {
  return {catalog::find_esp_encryption(v.text("suite")), catalog::find_esp_integrity(v.text("integrity")),
          nullptr};
}

sa::ChildKeys keys_of(const VectorRecord& v) {
  return {SecretBytes(v.bytes("encryption_key")), SecretBytes(v.bytes("integrity_key"))};
}

sa::Spi spi_of(const VectorRecord& v) { return sa::Spi(load_be32(v.bytes("spi").data())); }

TEST(EspVectors, EverySuiteOfTheCatalogueHasSome) {
  std::set<std::string> named;
  for (const auto& v : load_vectors("esp")) named.insert(v.text("suite") + " " + v.text("integrity"));
  for (const auto& encryption : catalog::kEncryption) {
    if (!encryption.esp) continue;
    if (encryption.aead()) {
      EXPECT_TRUE(named.contains(std::string(encryption.name) + " -")) << encryption.name;
      continue;
    }
    for (const auto& integrity : catalog::kIntegrity) {
      bool present = named.contains(std::string(encryption.name) + " " + std::string(integrity.name));
      EXPECT_EQ(present, integrity.esp) << encryption.name << ' ' << integrity.name;
    }
  }
}

TEST(EspVectors, OpensWhatAnotherImplementationSealed) {
  auto context = crypto::Context::system().value();
  for (const auto& v : load_vectors("esp")) {
    SCOPED_TRACE(v.where);
    auto sa = InboundSa::create(*context, suite_of(v), keys_of(v), spi_of(v));
    ASSERT_TRUE(sa) << sa.error().message;
    Bytes packet = v.bytes("packet");
    auto opened = sa->open(packet);
    ASSERT_TRUE(opened) << static_cast<int>(opened.error());
    EXPECT_EQ(to_hex(*opened), v.text("inner"));
    EXPECT_EQ(sa->window().highest(), load_be32(v.bytes("sequence").data()));
  }
}

// The same octets as a packet the other implementation has opened, hence it opens ours.
TEST(EspVectors, SealsTheSameOctetsAsAnotherImplementation) {
  auto context = crypto::Context::system().value();
  for (const auto& v : load_vectors("esp")) {
    SCOPED_TRACE(v.where);
    auto sa = OutboundSa::create(*context, suite_of(v), keys_of(v), spi_of(v));
    ASSERT_TRUE(sa) << sa.error().message;
    sa->skip_to(load_be32(v.bytes("sequence").data()) - 1);
    FixedRandom random(v.bytes("iv"));
    Bytes inner = v.bytes("inner");
    Bytes packet(sa->sealed_size(inner.size()));
    auto sealed = sa->seal(inner, packet, random);
    ASSERT_TRUE(sealed);
    EXPECT_EQ(to_hex(*sealed), v.text("packet"));
  }
}

}  // namespace
}  // namespace hawser::esp
