#include "sidecar/wire/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/sidecar/wire/samples.h"

namespace hawser::wire {
namespace {

using ::testing::HasSubstr;

constexpr size_t kNextPayload = 16;
constexpr size_t kVersion = 17;
constexpr size_t kFlags = 19;
constexpr size_t kLength = 24;

std::string error_of(const Bytes& datagram) {
  auto parsed = parse(datagram);
  return parsed ? "" : parsed.error().message;
}

Bytes with_chain(PayloadType first, std::string_view chain) {
  Bytes out = serialize({header_of(ExchangeType::Informational, 1), {}});
  append(out, hex(chain));
  out[kNextPayload] = static_cast<uint8_t>(first);
  store_be32(out.data() + kLength, static_cast<uint32_t>(out.size()));
  return out;
}

TEST(Header, SurvivesARoundTrip) {
  Header header = header_of(ExchangeType::CreateChildSa, 0xfffffffe);
  header.response = true;
  header.initiator = false;
  Bytes datagram = serialize({header, {}});
  EXPECT_EQ(to_hex(datagram), "112233445566778899aabbccddeeff0100202420fffffffe0000001c");
  Header back = parse_header(datagram).value();
  EXPECT_EQ(back.initiator_spi, header.initiator_spi);
  EXPECT_EQ(back.responder_spi, header.responder_spi);
  EXPECT_EQ(back.exchange_type, ExchangeType::CreateChildSa);
  EXPECT_TRUE(back.response);
  EXPECT_FALSE(back.initiator);
  EXPECT_EQ(back.message_id, 0xfffffffe);
  EXPECT_EQ(back.major_version, 2);
  EXPECT_EQ(back.minor_version, 0);
}

TEST(Header, ShorterThan28OctetsIsRefused) {
  Bytes datagram = serialize({header_of(ExchangeType::Informational, 1), {}});
  datagram.pop_back();
  EXPECT_THAT(error_of(datagram), HasSubstr("27 octets"));
  EXPECT_FALSE(parse_header({}));
}

TEST(Header, LengthBelow28OrBeyondTheDatagramIsRefused) {
  for (uint32_t length : {0u, 27u, 29u, 0xffffffffu}) {
    Bytes datagram = serialize({header_of(ExchangeType::Informational, 1), {}});
    store_be32(datagram.data() + kLength, length);
    EXPECT_THAT(error_of(datagram), HasSubstr("length " + std::to_string(length)));
  }
}

TEST(Header, OctetsAfterTheMessageAreIgnored) {
  Bytes datagram = serialize(ike_sa_init());
  datagram.resize(datagram.size() + 16);
  EXPECT_EQ(serialize(parse(datagram).value()), serialize(ike_sa_init()));
}

TEST(Header, OtherFlagsAndTheMinorVersionAreReadPastAndNeverEchoed) {
  Bytes datagram = serialize({header_of(ExchangeType::Informational, 1), {}});
  datagram[kFlags] = 0xff;
  datagram[kVersion] = 0x2f;
  Message message = parse(datagram).value();
  EXPECT_TRUE(message.header.initiator);
  EXPECT_TRUE(message.header.response);
  EXPECT_EQ(message.header.minor_version, 15);
  EXPECT_EQ(serialize(message)[kFlags], 0x28);
}

TEST(Header, AHigherMajorVersionCanBeReadForItsAnswer) {
  Bytes datagram = serialize({header_of(ExchangeType::IkeSaInit, 0), {}});
  datagram[kVersion] = 0x30;
  EXPECT_EQ(parse_header(datagram).value().major_version, 3);
}

TEST(Message, EverySampleSurvivesARoundTrip) {
  for (const Message& sample : {ike_sa_init(), ike_auth(), rekey_child(), informational(), sealed()}) {
    Bytes once = serialize(sample);
    Message back = parse(once).value();
    EXPECT_EQ(back.payloads.size(), sample.payloads.size());
    EXPECT_EQ(to_hex(serialize(back)), to_hex(once));
  }
}

TEST(Message, PayloadsAreFoundInAnyOrder) {
  Message message = ike_auth();
  std::ranges::reverse(message.payloads);
  Message back = parse(serialize(message)).value();
  ASSERT_NE(back.find_id(true), nullptr);
  EXPECT_EQ(back.find_id(false), nullptr);
  EXPECT_TRUE(back.find_ts(true)->initiator);
  EXPECT_FALSE(back.find_ts(false)->initiator);
  EXPECT_EQ(back.find<AuthPayload>()->method, 2);
}

TEST(Message, TheFirstErrorNotifyIsFoundAmongStatusNotifies) {
  Message message{header_of(ExchangeType::IkeAuth, 1), {}};
  message.payloads = {NotifyPayload{ProtocolId::None, NotifyType::InitialContact, {}, {}},
                      NotifyPayload{ProtocolId::None, static_cast<NotifyType>(8192), {}, {}},
                      NotifyPayload{ProtocolId::None, NotifyType::TsUnacceptable, {}, {}}};
  EXPECT_EQ(message.find_error()->type, static_cast<NotifyType>(8192));
  EXPECT_EQ(message.find_notify(NotifyType::Cookie), nullptr);
  message.payloads.resize(1);
  EXPECT_EQ(message.find_error(), nullptr);
}

TEST(Chain, AnEmptyMessageHasNoPayloads) {
  EXPECT_TRUE(parse_payloads(PayloadType::None, {}).value().empty());
  EXPECT_EQ(serialize_payloads({}).first, PayloadType::None);
}

TEST(Chain, OctetsWithoutAPayloadTypeAreRefused) {
  EXPECT_FALSE(parse_payloads(PayloadType::None, hex("00")));
  EXPECT_THAT(error_of(with_chain(PayloadType::VendorId, "0000000400")), HasSubstr("1 octets are left over"));
}

TEST(Chain, APayloadLengthBelow4OrBeyondTheMessageIsRefused) {
  EXPECT_THAT(error_of(with_chain(PayloadType::VendorId, "00000003")), HasSubstr("below 4"));
  EXPECT_THAT(error_of(with_chain(PayloadType::VendorId, "00000000")), HasSubstr("below 4"));
  EXPECT_THAT(error_of(with_chain(PayloadType::VendorId, "00000005")), HasSubstr("ends after 0 of 1 octets"));
  EXPECT_FALSE(error_of(with_chain(PayloadType::VendorId, "2b00")).empty());
  EXPECT_FALSE(error_of(with_chain(PayloadType::VendorId, "2b000004")).empty())
      << "names a payload that is not there";
}

TEST(Chain, ASecondPayloadOfASingularKindIsRefused) {
  const std::vector<Payload> singular = {SaPayload{{esp_proposal()}},
                                         KePayload{14, {1}},
                                         NoncePayload{counted(0, 16)},
                                         IdPayload{true, 2, {1}, {}},
                                         IdPayload{false, 2, {1}, {}},
                                         AuthPayload{2, {1}},
                                         any_v4(true),
                                         any_v4(false)};
  for (const Payload& payload : singular) {
    Chain chain = serialize_payloads({payload, payload});
    auto parsed = parse_payloads(chain.first, chain.bytes);
    ASSERT_FALSE(parsed);
    EXPECT_THAT(parsed.error().message, HasSubstr("a second "));
  }
}

TEST(Chain, NotifiesDeletesVendorIdsAndUnknownPayloadsMayRepeat) {
  std::vector<Payload> payloads;
  for (int i = 0; i < 2; ++i) {
    payloads.push_back(NotifyPayload{ProtocolId::None, NotifyType::NatDetectionSourceIp, {}, counted(0, 20)});
    payloads.push_back(DeletePayload{ProtocolId::Esp, {sa::Spi(256)}});
    payloads.push_back(VendorIdPayload{{1}});
    payloads.push_back(UnknownPayload{37, false, {4}});
  }
  Chain chain = serialize_payloads(payloads);
  EXPECT_EQ(parse_payloads(chain.first, chain.bytes).value().size(), 8u);
}

TEST(Chain, MoreThan128PayloadsAreRefused) {
  std::vector<Payload> payloads(128, VendorIdPayload{});
  Chain chain = serialize_payloads(payloads);
  EXPECT_EQ(parse_payloads(chain.first, chain.bytes).value().size(), 128u);
  payloads.push_back(VendorIdPayload{});
  chain = serialize_payloads(payloads);
  EXPECT_THAT(parse_payloads(chain.first, chain.bytes).error().message, HasSubstr("more than 128"));
}

TEST(Chain, UnknownPayloadsKeepTheirCriticalBit) {
  Message message = parse(with_chain(static_cast<PayloadType>(200),
                                     "c880000501"
                                     "0000000602ff"))
                        .value();
  ASSERT_EQ(message.payloads.size(), 2u);
  EXPECT_TRUE(std::get<UnknownPayload>(message.payloads[0]).critical);
  EXPECT_EQ(std::get<UnknownPayload>(message.payloads[0]).type, 200);
  EXPECT_FALSE(std::get<UnknownPayload>(message.payloads[1]).critical);
}

TEST(Chain, Ikev1PayloadNumbersAreUnknownPayloads) {
  Message message = parse(with_chain(static_cast<PayloadType>(1), "00800004")).value();
  EXPECT_TRUE(std::get<UnknownPayload>(message.payloads[0]).critical);
}

TEST(Chain, TheCriticalBitOnTypesOfTheRfcIsIgnored) {
  Message message = parse(with_chain(PayloadType::Configuration,
                                     "2b80000501"
                                     "00800005aa"))
                        .value();
  EXPECT_FALSE(std::get<UnknownPayload>(message.payloads[0]).critical);
  EXPECT_EQ(std::get<VendorIdPayload>(message.payloads[1]).data, Bytes{0xaa});
}

TEST(Chain, SkIsLastAndNamesItsFirstInnerPayload) {
  Message message = parse(with_chain(PayloadType::VendorId,
                                     "2e000004"
                                     "29000006abcd"))
                        .value();
  const auto* sk = message.find<EncryptedPayload>();
  ASSERT_NE(sk, nullptr);
  EXPECT_EQ(sk->first_inner, PayloadType::Notify);
  EXPECT_EQ(to_hex(sk->body), "abcd");
  EXPECT_THAT(error_of(with_chain(PayloadType::Encrypted,
                                  "2b000006abcd"
                                  "00000004")),
              HasSubstr("left over"));
}

TEST(Chain, SkAndFragmentsInsideSkAreRefused) {
  EXPECT_THAT(parse_payloads(PayloadType::Encrypted, hex("00000006abcd")).error().message,
              HasSubstr("inside SK"));
  EXPECT_THAT(parse_payloads(PayloadType::EncryptedFragment, hex("0000000600ff")).error().message,
              HasSubstr("inside SK"));
}

TEST(Chain, AFragmentIsAnUnknownPayloadThatEndsTheChain) {
  Message message = parse(with_chain(PayloadType::EncryptedFragment, "2300000a000100020102")).value();
  EXPECT_EQ(std::get<UnknownPayload>(message.payloads[0]).type, 53);
  EXPECT_EQ(message.payloads.size(), 1u);
}

TEST(SkEnvelope, LeavesRoomForTheBodyAndSetsBothLengths) {
  Header header = header_of(ExchangeType::IkeAuth, 1);
  SkEnvelope envelope = make_sk_envelope(header, PayloadType::IdInitiator, 48);
  EXPECT_EQ(envelope.body_offset, kHeaderSize + kGenericHeaderSize);
  ASSERT_EQ(envelope.message.size(), envelope.body_offset + 48);
  Message back = parse(envelope.message).value();
  EXPECT_EQ(back.find<EncryptedPayload>()->first_inner, PayloadType::IdInitiator);
  EXPECT_EQ(back.find<EncryptedPayload>()->body, Bytes(48));
}

TEST(Names, KnownAndUnknownNumbers) {
  EXPECT_EQ(to_string(ExchangeType::IkeSaInit), "IKE_SA_INIT");
  EXPECT_EQ(to_string(ExchangeType::Informational), "INFORMATIONAL");
  EXPECT_EQ(to_string(static_cast<ExchangeType>(43)), "UNKNOWN");
  EXPECT_EQ(to_string(NotifyType::NoProposalChosen), "NO_PROPOSAL_CHOSEN");
  EXPECT_EQ(to_string(static_cast<NotifyType>(12345)), "NOTIFY_12345");
}

}  // namespace
}  // namespace hawser::wire
