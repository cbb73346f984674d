#include <gtest/gtest.h>

#include "sidecar/esp/inbound_sa.h"
#include "sidecar/esp/layout.h"
#include "sidecar/esp/outbound_sa.h"
#include "tests/unit/sidecar/esp/packets.h"

namespace hawser::esp {
namespace {

using testing::ipv4;
using testing::ipv6;
using testing::udp;

constexpr sa::Spi kSpi{0xc0ffee01};

std::vector<sa::ChildSuite> every_suite() {
  std::vector<sa::ChildSuite> out;
  for (const auto& encryption : catalog::kEncryption) {
    if (!encryption.esp) continue;
    if (encryption.aead()) {
      out.push_back({&encryption, nullptr, nullptr});
      continue;
    }
    for (const auto& integrity : catalog::kIntegrity)
      if (integrity.esp) out.push_back({&encryption, &integrity, nullptr});
  }
  return out;
}

sa::ChildKeys keys_for(const sa::ChildSuite& suite) {
  sa::ChildKeys out;
  out.encryption = SecretBytes(Bytes(suite.encryption->key_material_size(), 0x31));
  out.integrity = SecretBytes(Bytes(suite.integrity != nullptr ? suite.integrity->key_size : 0, 0x32));
  return out;
}

class EspOfSuite : public ::testing::TestWithParam<sa::ChildSuite> {
 protected:
  EspOfSuite()
      : context_(crypto::Context::system().value()),
        out_(OutboundSa::create(*context_, GetParam(), keys_for(GetParam()), kSpi).value()),
        in_(InboundSa::create(*context_, GetParam(), keys_for(GetParam()), kSpi).value()) {}

  Bytes seal(BytesView inner) {
    Bytes packet(out_.sealed_size(inner.size()) + 7);
    auto sealed = out_.seal(inner, packet, random_);
    EXPECT_TRUE(sealed);
    packet.resize(sealed->size());
    return packet;
  }

  // An authentic packet with a content of our making: what a peer with the keys could send.
  Bytes craft(BytesView text, uint32_t sequence) {
    auto keys = keys_for(GetParam());
    auto transform = crypto::Transform::create(*context_, *GetParam().encryption, GetParam().integrity,
                                               keys.encryption.view(), keys.integrity.view())
                         .value();
    Bytes packet(kHeaderSize + transform->iv_size());
    store_be32(packet.data(), kSpi.value);
    store_be32(packet.data() + 4, sequence);
    append(packet, text);
    packet.resize(packet.size() + transform->icv_size());
    MutableBytesView view(packet);
    transform->seal(view.first(kHeaderSize), view.subspan(kHeaderSize), sequence, random_);
    return packet;
  }
  // `payload`, padding to 16 octets of 1 2 3 ..., pad length, next header.
  static Bytes text(BytesView payload, uint8_t next_header) {
    Bytes out(payload.begin(), payload.end());
    size_t padding = padding_after(payload.size(), 16);
    for (size_t i = 1; i <= padding; ++i) out.push_back(static_cast<uint8_t>(i));
    out.push_back(static_cast<uint8_t>(padding));
    out.push_back(next_header);
    return out;
  }
  OpenError error_of(Bytes packet) {
    auto opened = in_.open(packet);
    EXPECT_FALSE(opened);
    return opened.error();
  }

  std::unique_ptr<crypto::Context> context_;
  crypto::SeededRandom random_{9};
  OutboundSa out_;
  InboundSa in_;
};

INSTANTIATE_TEST_SUITE_P(Catalogue, EspOfSuite, ::testing::ValuesIn(every_suite()), [](const auto& suite) {
  return std::string(suite.param.encryption->name) +
         (suite.param.integrity != nullptr ? std::string(suite.param.integrity->name) : "");
});

TEST_P(EspOfSuite, CarriesPacketsOfEveryLength) {
  for (size_t size = 0; size < 70; ++size)
    for (const Bytes& inner : {ipv4(17, udp(1, 2, size)), ipv6(17, udp(3, 4, size))}) {
      Bytes packet = seal(inner);
      EXPECT_EQ(packet.size(), out_.sealed_size(inner.size()));
      EXPECT_EQ((packet.size() - GetParam().encryption->iv_size) % 4, 0u);
      auto opened = in_.open(packet);
      ASSERT_TRUE(opened) << size;
      EXPECT_EQ(to_hex(*opened), to_hex(inner));
    }
  EXPECT_EQ(out_.sequence(), 140u);
  EXPECT_EQ(in_.window().highest(), 140u);
  EXPECT_EQ(in_.authentic_packets(), 140u);
  EXPECT_EQ(in_.octets(), out_.octets());
}

TEST_P(EspOfSuite, BeginsWithSpiAndSequenceAndEndsWithTheTrailer) {
  Bytes inner = ipv4(17, udp(1, 2, 3));
  Bytes packet = seal(inner);
  EXPECT_EQ(load_be32(packet.data()), kSpi.value);
  EXPECT_EQ(load_be32(packet.data() + 4), 1u);
  auto opened = in_.open(packet);
  ASSERT_TRUE(opened);
  const uint8_t* end = opened->data() + opened->size();
  size_t padding = padding_after(inner.size(), std::max<size_t>(GetParam().encryption->block_size, 4));
  for (size_t i = 0; i < padding; ++i) EXPECT_EQ(end[i], i + 1);
  EXPECT_EQ(end[padding], padding);
  EXPECT_EQ(end[padding + 1], kNextHeaderIpv4);
}

TEST_P(EspOfSuite, SealsInPlaceTheSameAsFromElsewhere) {
  Bytes inner = ipv4(17, udp(1, 2, 33));
  Bytes packet(out_.sealed_size(inner.size()));
  std::ranges::copy(inner, packet.begin() + static_cast<ptrdiff_t>(out_.inner_offset()));
  auto sealed = out_.seal(BytesView(packet).subspan(out_.inner_offset(), inner.size()), packet, random_);
  ASSERT_TRUE(sealed);
  EXPECT_EQ(sealed->data(), packet.data());
  auto opened = in_.open(packet);
  ASSERT_TRUE(opened);
  EXPECT_EQ(to_hex(*opened), to_hex(inner));
}

TEST_P(EspOfSuite, MaxInnerSizeIsTheInverseOfSealedSize) {
  for (size_t size = 1; size < 300; ++size) {
    size_t sealed = out_.sealed_size(size);
    EXPECT_GE(out_.max_inner_size(sealed), size);
    EXPECT_LT(out_.max_inner_size(sealed - 1), size);
    EXPECT_EQ(out_.sealed_size(out_.max_inner_size(sealed)), sealed);
  }
  EXPECT_EQ(out_.max_inner_size(0), 0u);
  EXPECT_EQ(out_.max_inner_size(20), 0u);
}

TEST_P(EspOfSuite, RefusesWhatIsNotIpAndABufferThatIsTooSmall) {
  Bytes buffer(200);
  for (const Bytes& inner : {Bytes{}, Bytes(40, 0x55), Bytes(40, 0)}) {
    auto sealed = out_.seal(inner, buffer, random_);
    ASSERT_FALSE(sealed);
    EXPECT_EQ(sealed.error(), SealError::Malformed);
  }
  Bytes inner = ipv4(17, udp(1, 2, 3));
  auto sealed = out_.seal(inner, MutableBytesView(buffer).first(out_.sealed_size(inner.size()) - 1), random_);
  ASSERT_FALSE(sealed);
  EXPECT_EQ(sealed.error(), SealError::NoRoom);
  EXPECT_EQ(out_.sequence(), 0u);
  EXPECT_EQ(out_.octets(), 0u);
}

TEST_P(EspOfSuite, StopsAtTheLastSequenceNumber) {
  Bytes inner = ipv4(17, udp(1, 2, 3));
  out_.skip_to(UINT32_MAX - 1);
  Bytes last = seal(inner);
  EXPECT_EQ(load_be32(last.data() + 4), UINT32_MAX);
  Bytes buffer(200);
  for (int i = 0; i < 2; ++i) {
    auto sealed = out_.seal(inner, buffer, random_);
    ASSERT_FALSE(sealed);
    EXPECT_EQ(sealed.error(), SealError::SequenceOverflow);
  }
  EXPECT_TRUE(in_.open(last));
}

TEST_P(EspOfSuite, RefusesAReplayAndAcceptsReordering) {
  Bytes inner = ipv4(17, udp(1, 2, 3));
  Bytes first = seal(inner), second = seal(inner);
  Bytes again = second;
  EXPECT_TRUE(in_.open(second));
  EXPECT_EQ(error_of(again), OpenError::Replay);
  EXPECT_TRUE(in_.open(first));
}

TEST_P(EspOfSuite, AForgedPacketDoesNotMoveTheWindow) {
  Bytes inner = ipv4(17, udp(1, 2, 3));
  Bytes good = seal(inner);
  Bytes forged = good;
  store_be32(forged.data() + 4, 1'000'000);
  EXPECT_EQ(error_of(forged), OpenError::Integrity);
  EXPECT_EQ(in_.window().highest(), 0u);
  EXPECT_EQ(in_.authentic_packets(), 0u);
  EXPECT_TRUE(in_.open(good));
}

TEST_P(EspOfSuite, RefusesEveryFlippedBitAndEveryCut) {
  Bytes good = seal(ipv4(17, udp(1, 2, 3)));
  for (size_t bit = 32; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    bool zero_sequence = load_be32(bad.data() + 4) == 0;
    EXPECT_EQ(error_of(bad), zero_sequence ? OpenError::Replay : OpenError::Integrity) << bit;
  }
  for (size_t size = 0; size < good.size(); ++size) {
    Bytes cut(good.begin(), good.begin() + static_cast<ptrdiff_t>(size));
    OpenError error = error_of(cut);
    EXPECT_TRUE(error == OpenError::Malformed || error == OpenError::Integrity) << size;
  }
  Bytes other_spi = good;
  other_spi[0] ^= 1;
  EXPECT_EQ(error_of(other_spi), OpenError::Malformed);
  EXPECT_TRUE(in_.open(good));
}

TEST_P(EspOfSuite, DropsADummyPacketWhateverItHolds) {
  EXPECT_EQ(error_of(craft(text({}, kNextHeaderDummy), 1)), OpenError::Dummy);
  EXPECT_EQ(error_of(craft(text(Bytes(100, 0xaa), kNextHeaderDummy), 2)), OpenError::Dummy);
  EXPECT_EQ(in_.authentic_packets(), 2u);
  EXPECT_EQ(in_.octets(), 0u);
}

TEST_P(EspOfSuite, IgnoresTrafficFlowPadding) {
  Bytes inner = ipv4(17, udp(1, 2, 3));
  Bytes padded = inner;
  padded.resize(500, 0x77);
  Bytes packet = craft(text(padded, kNextHeaderIpv4), 1);
  auto opened = in_.open(packet);
  ASSERT_TRUE(opened);
  EXPECT_EQ(to_hex(*opened), to_hex(inner));
}

TEST_P(EspOfSuite, RefusesAnAuthenticPacketThatContradictsItself) {
  Bytes v4 = ipv4(17, udp(1, 2, 3)), v6 = ipv6(17, udp(1, 2, 3));
  uint32_t sequence = 0;
  EXPECT_EQ(error_of(craft(text(v4, kNextHeaderIpv6), ++sequence)), OpenError::Malformed);
  EXPECT_EQ(error_of(craft(text(v6, kNextHeaderIpv4), ++sequence)), OpenError::Malformed);
  EXPECT_EQ(error_of(craft(text(v4, 6), ++sequence)), OpenError::Malformed) << "transport mode";
  EXPECT_EQ(error_of(craft(text({}, kNextHeaderIpv4), ++sequence)), OpenError::Malformed) << "no packet";
  Bytes longer = v4;
  store_be16(&longer[2], static_cast<uint16_t>(v4.size() + 1));
  EXPECT_EQ(error_of(craft(text(longer, kNextHeaderIpv4), ++sequence)), OpenError::Malformed)
      << "says more than it has";
  Bytes wrong_padding = text(v4, kNextHeaderIpv4);
  ASSERT_GT(padding_after(v4.size(), 16), 0u);
  wrong_padding[wrong_padding.size() - 3] ^= 1;
  EXPECT_EQ(error_of(craft(wrong_padding, ++sequence)), OpenError::Malformed) << "padding is not 1 2 3";
  Bytes long_padding = text(v4, kNextHeaderIpv4);
  long_padding[long_padding.size() - 2] = 255;
  EXPECT_EQ(error_of(craft(long_padding, ++sequence)), OpenError::Malformed) << "more padding than packet";
  EXPECT_EQ(in_.window().highest(), sequence) << "they were authentic";
}

TEST_P(EspOfSuite, SequenceZeroIsNeverValid) {
  EXPECT_EQ(error_of(craft(text(ipv4(17, udp(1, 2, 3)), kNextHeaderIpv4), 0)), OpenError::Replay);
}

TEST(EspSa, RefusesKeysThatDoNotFitTheSuite) {
  auto context = crypto::Context::system().value();
  sa::ChildSuite suite{catalog::find_esp_encryption("AES256"), catalog::find_esp_integrity("SHA256"),
                       nullptr};
  sa::ChildKeys keys = keys_for(suite);
  keys.integrity = SecretBytes(Bytes(20, 1));
  EXPECT_FALSE(OutboundSa::create(*context, suite, keys, kSpi));
  EXPECT_FALSE(InboundSa::create(*context, suite, keys, kSpi));
}

}  // namespace
}  // namespace hawser::esp
