#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sidecar/wire/samples.h"

namespace hawser::wire {
namespace {

using ::testing::HasSubstr;

Result<TsPayload> parse_ts(std::string_view body) {
  ASSIGN_OR_RETURN(auto payloads, parse_one(PayloadType::TsInitiator, hex(body)));
  return std::get<TsPayload>(payloads[0]);
}

std::string error_of(std::string_view body) {
  auto parsed = parse_ts(body);
  return parsed ? "" : parsed.error().message;
}

constexpr std::string_view kFibreChannel =
    "0900001c"
    "00000000"
    "00000000"
    "00000000"
    "00000000"
    "00000000"
    "00000000";

TEST(TsPayload, CarriesBothIpVersions) {
  TsPayload both{false, {}};
  both.selectors.push_back(sa::TrafficSelector::of(IpPrefix::parse("10.61.0.0/16").value()));
  both.selectors.push_back(sa::TrafficSelector::of(IpPrefix::parse("2001:db8::/32").value()));
  both.selectors[0].protocol = 6;
  both.selectors[0].first_port = 80;
  both.selectors[0].last_port = 443;
  Chain chain = serialize_payloads({both});
  EXPECT_EQ(chain.first, PayloadType::TsResponder);
  EXPECT_EQ(to_hex(chain.bytes),
            "0000004002000000"
            "07060010005001bb0a3d00000a3dffff"
            "080000280000ffff20010db800000000000000000000000020010db8ffffffffffffffffffffffff");
  EXPECT_EQ(std::get<TsPayload>(parse_payloads(chain.first, chain.bytes).value()[0]).selectors,
            both.selectors);
}

TEST(TsPayload, CountMustMatch) {
  constexpr std::string_view kOne = "070000100000ffff00000000ffffffff";
  EXPECT_EQ(parse_ts("01000000" + std::string(kOne)).value().selectors.size(), 1u);
  EXPECT_FALSE(parse_ts("02000000" + std::string(kOne)));
  EXPECT_FALSE(parse_ts("01000000" + std::string(kOne) + std::string(kOne)));
  EXPECT_THAT(error_of("00000000"), HasSubstr("no selector"));
  EXPECT_FALSE(parse_ts("010000"));
}

TEST(TsPayload, SelectorLengthIsThatOfItsType) {
  EXPECT_FALSE(
      parse_ts("01000000"
               "0700000f0000ffff00000000ffffff"));
  EXPECT_FALSE(
      parse_ts("01000000"
               "070000110000ffff00000000ffffffff00"));
  EXPECT_FALSE(
      parse_ts("01000000"
               "080000100000ffff00000000ffffffff"));
  EXPECT_FALSE(
      parse_ts("01000000"
               "07000003"));
  EXPECT_FALSE(
      parse_ts("01000000"
               "07000000"));
}

TEST(TsPayload, UnknownTypesAreSkippedByTheirLength) {
  TsPayload ts =
      parse_ts("02000000" + std::string(kFibreChannel) + "070000100000ffff00000000ffffffff").value();
  EXPECT_EQ(ts.selectors, any_v4(true).selectors);
  EXPECT_TRUE(parse_ts("01000000" + std::string(kFibreChannel)).value().selectors.empty());
  EXPECT_FALSE(
      parse_ts("01000000"
               "09000003"));
  EXPECT_FALSE(
      parse_ts("01000000"
               "09000008"))
      << "its octets are not there";
}

TEST(TsPayload, RangesRunForwards) {
  EXPECT_THAT(error_of("01000000"
                       "070000100000ffff0a0000020a000001"),
              HasSubstr("runs backwards"));
  EXPECT_THAT(error_of("01000000"
                       "0706001001bb00500a0000010a000001"),
              HasSubstr("ports"));
}

TEST(TsPayload, OpaquePortsAreTheOneBackwardRange) {
  EXPECT_TRUE(
      parse_ts("01000000"
               "07060010ffff00000a0000010a000001"));
}

TEST(TsPayload, PortsNeedAProtocol) {
  EXPECT_THAT(error_of("01000000"
                       "07000010005000500a0000010a000001"),
              HasSubstr("ports without a protocol"));
}

TEST(TsPayload, Holds255Selectors) {
  TsPayload ts{true, sa::TrafficSelectors(255, any_v4(true).selectors[0])};
  Chain chain = serialize_payloads({ts});
  EXPECT_EQ(std::get<TsPayload>(parse_payloads(chain.first, chain.bytes).value()[0]).selectors, ts.selectors);
}

}  // namespace
}  // namespace hawser::wire
