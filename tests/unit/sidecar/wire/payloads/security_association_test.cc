#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sidecar/wire/samples.h"

namespace hawser::wire {
namespace {

using ::testing::HasSubstr;

// One ESP proposal: GCM-256 and no ESN.
constexpr std::string_view kGood =
    "00000020"
    "01030402"
    "c0ffee01"
    "0300000c"
    "01000014"
    "800e0100"
    "00000008"
    "05000000";

Result<SaPayload> parse_sa(std::string_view body) {
  ASSIGN_OR_RETURN(auto payloads, parse_one(PayloadType::Sa, hex(body)));
  return std::get<SaPayload>(payloads[0]);
}

std::string error_of(std::string_view body) {
  auto parsed = parse_sa(body);
  return parsed ? "" : parsed.error().message;
}

std::string changed(size_t octet, std::string_view to) {
  std::string out(kGood);
  return out.replace(octet * 2, to.size(), to);
}

TEST(SaPayload, GivesProposalsAsTheyWereSent) {
  SaPayload sa = parse_sa(kGood).value();
  ASSERT_EQ(sa.proposals.size(), 1u);
  EXPECT_EQ(sa.proposals[0], esp_proposal());
}

TEST(SaPayload, ReservedOctetsAreIgnored) {
  EXPECT_EQ(parse_sa(changed(1, "ff")).value().proposals[0], esp_proposal());
  EXPECT_EQ(parse_sa(changed(13, "ff")).value().proposals[0], esp_proposal());
  EXPECT_EQ(parse_sa(changed(17, "ff")).value().proposals[0], esp_proposal());
}

TEST(SaPayload, EmptyIsRefused) { EXPECT_THAT(error_of(""), HasSubstr("no proposal")); }

TEST(SaPayload, LastMarkersMustAgreeWithTheLengths) {
  EXPECT_THAT(error_of(changed(0, "02")), HasSubstr("marked 2"));
  EXPECT_THAT(error_of(changed(12, "00")), HasSubstr("marked 0"));
  EXPECT_THAT(error_of(changed(24, "03")), HasSubstr("marked 3"));
  EXPECT_THAT(error_of(changed(0, "07")), HasSubstr("marked 7"));
}

TEST(SaPayload, LengthsMustBeConsumedExactly) {
  EXPECT_FALSE(parse_sa(changed(2, "001f")));
  EXPECT_FALSE(parse_sa(changed(2, "0021")));
  EXPECT_FALSE(parse_sa(changed(2, "0000")));
  EXPECT_FALSE(parse_sa(changed(14, "000b")));
  EXPECT_FALSE(parse_sa(changed(14, "0007")));
  EXPECT_FALSE(parse_sa(changed(26, "0009")));
  EXPECT_FALSE(parse_sa(changed(26, "0000")));
}

TEST(SaPayload, TransformCountMustBeRight) {
  EXPECT_THAT(error_of(changed(7, "01")), HasSubstr("more than the announced 1"));
  EXPECT_THAT(error_of(changed(7, "03")), HasSubstr("2 of the announced 3"));
  EXPECT_THAT(error_of(changed(7, "00")), HasSubstr("more than the announced 0"));
}

TEST(SaPayload, SpiSizeMustFitTheProtocol) {
  EXPECT_THAT(error_of(changed(6, "00")), HasSubstr("SPI of 0 octets"));
  EXPECT_THAT(error_of(changed(6, "08")), HasSubstr("SPI of 8 octets"));
  EXPECT_THAT(error_of(changed(6, "ff")), HasSubstr("SPI of 255 octets"));
  EXPECT_THAT(error_of(changed(5, "01")), HasSubstr("SPI of 4 octets")) << "IKE has 0 or 8";
  EXPECT_EQ(parse_sa(changed(5, "07")).value().proposals[0].protocol, static_cast<ProtocolId>(7));
}

TEST(SaPayload, KeyLengthTwiceIsRefused) {
  EXPECT_THAT(error_of("00000024"
                       "01030402"
                       "c0ffee01"
                       "03000010"
                       "01000014"
                       "800e0100"
                       "800e0080"
                       "00000008"
                       "05000000"),
              HasSubstr("two Key Length"));
}

TEST(SaPayload, UnknownAttributesMakeOnlyTheirTransformUnusable) {
  SaPayload sa = parse_sa(
                     "00000028"
                     "01030402"
                     "c0ffee01"
                     "03000014"
                     "01000014"
                     "800e0100"
                     "00630004"
                     "01020304"
                     "00000008"
                     "05000000")
                     .value();
  EXPECT_TRUE(sa.proposals[0].transforms[0].unknown_attribute);
  EXPECT_EQ(sa.proposals[0].transforms[0].key_bits, 256);
  EXPECT_FALSE(sa.proposals[0].transforms[1].unknown_attribute);
}

TEST(SaPayload, KeyLengthInTheLongFormIsAnUnknownAttribute) {
  SaPayload sa = parse_sa(
                     "00000022"
                     "01030402"
                     "c0ffee01"
                     "0300000e"
                     "01000014"
                     "000e0002"
                     "0100"
                     "00000008"
                     "05000000")
                     .value();
  EXPECT_TRUE(sa.proposals[0].transforms[0].unknown_attribute);
  EXPECT_EQ(sa.proposals[0].transforms[0].key_bits, std::nullopt);
}

TEST(SaPayload, AttributesMustEndWithTheTransform) {
  EXPECT_FALSE(parse_sa(changed(20, "000e0100"))) << "256 octets of value are not there";
  EXPECT_FALSE(
      parse_sa("0000001e"
               "01030402"
               "c0ffee01"
               "0300000a"
               "01000014"
               "800e"
               "00000008"
               "05000000"));
}

TEST(SaPayload, ProposalNumbersRise) {
  Proposal first = esp_proposal();
  Proposal second = esp_proposal();
  second.number = 2;
  Chain chain = serialize_payloads({SaPayload{{first, second}}});
  EXPECT_EQ(std::get<SaPayload>(parse_payloads(chain.first, chain.bytes).value()[0]).proposals.size(), 2u);
  chain = serialize_payloads({SaPayload{{second, first}}});
  EXPECT_THAT(parse_payloads(chain.first, chain.bytes).error().message, HasSubstr("number 1 after 2"));
  chain = serialize_payloads({SaPayload{{first, first}}});
  EXPECT_FALSE(parse_payloads(chain.first, chain.bytes));
  EXPECT_TRUE(parse_sa(changed(4, "09"))) << "a reply's one proposal bears the accepted number";
  EXPECT_FALSE(parse_sa(changed(4, "00")));
}

TEST(SaPayload, MoreThan64ProposalsAreRefused) {
  SaPayload sa;
  for (uint8_t i = 1; i <= 65; ++i) {
    sa.proposals.push_back(esp_proposal());
    sa.proposals.back().number = i;
  }
  Chain chain = serialize_payloads({sa});
  EXPECT_THAT(parse_payloads(chain.first, chain.bytes).error().message, HasSubstr("more than 64"));
  sa.proposals.pop_back();
  chain = serialize_payloads({sa});
  EXPECT_TRUE(parse_payloads(chain.first, chain.bytes));
}

TEST(SaPayload, AProposalHoldsUpTo255Transforms) {
  Proposal proposal = esp_proposal();
  proposal.transforms.assign(255, {TransformType::Encryption, 12, 128, false});
  Chain chain = serialize_payloads({SaPayload{{proposal}}});
  EXPECT_EQ(std::get<SaPayload>(parse_payloads(chain.first, chain.bytes).value()[0]).proposals[0], proposal);
}

}  // namespace
}  // namespace hawser::wire
