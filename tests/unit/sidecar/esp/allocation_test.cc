#include <gtest/gtest.h>

#include "sidecar/esp/ecn.h"
#include "sidecar/esp/inbound_sa.h"
#include "sidecar/esp/inner_header.h"
#include "sidecar/esp/mss.h"
#include "sidecar/esp/outbound_sa.h"
#include "sidecar/esp/packet_too_big.h"
#include "tests/unit/sidecar/esp/packets.h"

// Of count_allocations.cc.
extern size_t allocations;

namespace hawser::esp {
namespace {

constexpr sa::Spi kSpi{0xc0ffee01};

class AllocationOfSuite : public ::testing::TestWithParam<std::string_view> {};
INSTANTIATE_TEST_SUITE_P(Kinds, AllocationOfSuite, ::testing::Values("GCMAES256", "AES256", "DES", "None"),
                         [](const auto& name) { return std::string(name.param); });

TEST_P(AllocationOfSuite, APacketCostsNoneWhateverBecomesOfIt) {
  auto context = crypto::Context::system().value();
  const auto* encryption = catalog::find_esp_encryption(GetParam());
  const auto* integrity = encryption->aead() ? nullptr : catalog::find_esp_integrity("SHA256");
  sa::ChildSuite suite{encryption, integrity, nullptr};
  sa::ChildKeys keys{SecretBytes(Bytes(encryption->key_material_size(), 1)),
                     SecretBytes(Bytes(integrity != nullptr ? integrity->key_size : 0, 2))};
  auto out = OutboundSa::create(*context, suite, keys, kSpi).value();
  auto in = InboundSa::create(*context, suite, keys, kSpi).value();
  crypto::SeededRandom random(1);
  Bytes inner = testing::ipv4(17, testing::udp(1, 2, 1000));
  Bytes packet(out.sealed_size(inner.size()));
  Bytes reply(kPacketTooBigRoom);

  size_t before = allocations;
  bool sealed = out.seal(inner, packet, random).has_value();
  packet.back() ^= 1;
  bool forged_opened = in.open(packet).has_value();
  packet.back() ^= 1;
  auto opened = in.open(packet);
  bool replayed_opened = in.open(packet).has_value();
  bool cut_opened = in.open(MutableBytesView(packet).first(11)).has_value();
  bool refused = !out.seal(inner, MutableBytesView(packet).first(20), random).has_value();
  bool parsed = InnerHeader::parse(inner).has_value();
  bool kept = ecn_decapsulate_packet(inner, 0);
  bool clamped = clamp_tcp_mss(inner, 1350, 1400);
  size_t reply_size = make_packet_too_big(inner, 1400, IpAddress::v4(1), reply);
  size_t after = allocations;

  EXPECT_EQ(after - before, 0u);
  EXPECT_TRUE(sealed && opened && refused && parsed && kept && reply_size > 0);
  EXPECT_FALSE(forged_opened || replayed_opened || cut_opened || clamped);
}

TEST(Allocation, IsCounted) {
  size_t before = allocations;
  Bytes some(100);
  EXPECT_EQ(allocations - before, 1u);
}

}  // namespace
}  // namespace hawser::esp
