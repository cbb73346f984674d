#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/unit/sidecar/wire/samples.h"

// Messages of an independent encoder (tests/vectors/wire; the first line of each file names it).
namespace hawser::wire {
namespace {

const std::filesystem::path kVectors = std::filesystem::path(HAWSER_SOURCE_DIR) / "tests/vectors/wire";

Bytes load(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string line;
  std::string digits;
  while (std::getline(in, line))
    if (!line.starts_with("#")) digits += line;
  return hex(digits);
}

Message message_of(const std::string& name) { return parse(load(kVectors / (name + ".hex"))).value(); }

TEST(Vectors, EachSerializesToTheSameOctets) {
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kVectors)) {
    if (entry.path().extension() != ".hex") continue;
    ++files;
    Bytes octets = load(entry.path());
    auto message = parse(octets);
    ASSERT_TRUE(message) << entry.path() << ": " << message.error().message;
    EXPECT_EQ(to_hex(serialize(*message)), to_hex(octets)) << entry.path();
  }
  EXPECT_EQ(files, 8u);
}

TEST(Vectors, IkeSaInitRequest) {
  Message message = message_of("ike_sa_init_request");
  EXPECT_EQ(message.header.exchange_type, ExchangeType::IkeSaInit);
  EXPECT_EQ(message.header.initiator_spi.value, 0x1122334455667788u);
  EXPECT_FALSE(message.header.responder_spi);
  EXPECT_TRUE(message.header.initiator);
  const auto& proposals = message.find<SaPayload>()->proposals;
  ASSERT_EQ(proposals.size(), 2u);
  EXPECT_EQ(proposals[0], ike_proposal());
  EXPECT_EQ(proposals[1].number, 2);
  EXPECT_EQ(proposals[1].transforms[0], (Transform{TransformType::Encryption, 3, {}, false}));
  EXPECT_EQ(message.find<KePayload>()->group, 14);
  EXPECT_EQ(message.find<KePayload>()->data, counted(1, 256));
  EXPECT_EQ(message.find<NoncePayload>()->data, counted(7, 32));
  EXPECT_EQ(message.find_notify(NotifyType::NatDetectionSourceIp)->data, counted(0x20, 20));
  EXPECT_EQ(message.find_notify(NotifyType::NatDetectionDestinationIp)->data, counted(0x40, 20));
}

TEST(Vectors, CookieAndInvalidKe) {
  EXPECT_EQ(message_of("cookie_response").find_notify(NotifyType::Cookie)->data, counted(0xc0, 24));
  Message invalid_ke = message_of("invalid_ke_response");
  EXPECT_TRUE(invalid_ke.header.response);
  EXPECT_EQ(invalid_ke.find_error()->type, NotifyType::InvalidKePayload);
  EXPECT_EQ(invalid_ke.find_error()->data, (Bytes{0, 20}));
}

TEST(Vectors, IkeAuth) {
  Message message = message_of("ike_auth_inner");
  EXPECT_EQ(to_hex(id_body(*message.find_id(true))), "01000000c0000201");
  EXPECT_EQ(to_hex(message.find_id(false)->data), to_hex(as_bytes("gw.example")));
  EXPECT_EQ(message.find<AuthPayload>()->data, counted(0x80, 32));
  EXPECT_NE(message.find_notify(NotifyType::InitialContact), nullptr);
  EXPECT_EQ(message.find<SaPayload>()->proposals[0], esp_proposal());
  EXPECT_EQ(sa::to_string(message.find_ts(true)->selectors),
            "0.0.0.0-255.255.255.255, 2001:db8::-2001:db8::ffff");
  EXPECT_EQ(sa::to_string(message.find_ts(false)->selectors),
            "10.61.0.0-10.61.255.255 protocol 6 ports 80-443");
}

TEST(Vectors, Rekeys) {
  Message child = message_of("rekey_child_inner");
  EXPECT_EQ(to_hex(child.find_notify(NotifyType::RekeySa)->spi), "c0ffee01");
  const Proposal& esp = child.find<SaPayload>()->proposals[0];
  EXPECT_EQ(to_hex(esp.spi), "c0ffee02");
  EXPECT_EQ(esp.transforms[0].key_bits, 128);
  EXPECT_EQ(esp.transforms[2], (Transform{TransformType::KeyExchange, 19, {}, false}));
  const Message ike = message_of("rekey_ike_inner");
  EXPECT_EQ(to_hex(ike.find<SaPayload>()->proposals[0].spi), "a1a2a3a4a5a6a7a8");
  EXPECT_EQ(ike.find<KePayload>()->data.size(), 96u);
}

TEST(Vectors, DeleteAndSk) {
  EXPECT_THAT(message_of("delete_inner").find<DeletePayload>()->spis,
              testing::ElementsAre(sa::Spi(0xc0ffee01), sa::Spi(0xc0ffee02)));
  Message sk = message_of("sk_message");
  EXPECT_EQ(sk.find<EncryptedPayload>()->first_inner, PayloadType::Delete);
  EXPECT_EQ(sk.find<EncryptedPayload>()->body, counted(0, 48));
}

}  // namespace
}  // namespace hawser::wire
