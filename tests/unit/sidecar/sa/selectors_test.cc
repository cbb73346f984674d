#include "sidecar/sa/selectors.h"

#include <gtest/gtest.h>

namespace hawser::sa {
namespace {

TrafficSelector range(const char* first, const char* last, uint8_t protocol = 0, uint16_t first_port = 0,
                      uint16_t last_port = 65535) {
  TrafficSelector out;
  out.protocol = protocol;
  out.first_port = first_port;
  out.last_port = last_port;
  out.first = *IpAddress::parse(first);
  out.last = *IpAddress::parse(last);
  return out;
}

const TrafficSelector kAny4 = TrafficSelector::of(IpPrefix::any(IpVersion::V4));
const TrafficSelector kAny6 = TrafficSelector::of(IpPrefix::any(IpVersion::V6));

TEST(TrafficSelector, OfAPrefixIsItsRangeWithEveryPort) {
  auto selector = TrafficSelector::of(*IpPrefix::parse("10.61.0.0/16"));
  EXPECT_EQ(selector, range("10.61.0.0", "10.61.255.255"));
  EXPECT_TRUE(selector.contains(*IpAddress::parse("10.61.0.0")) &&
              selector.contains(*IpAddress::parse("10.61.255.255")));
  EXPECT_FALSE(selector.contains(*IpAddress::parse("10.62.0.0")) ||
               selector.contains(*IpAddress::parse("10.60.255.255")));
  EXPECT_EQ(kAny4, range("0.0.0.0", "255.255.255.255"));
}

TEST(TrafficSelector, OfOneVersionContainsNothingOfTheOther) {
  EXPECT_FALSE(kAny4.contains(*IpAddress::parse("2001:db8::1")));
  EXPECT_FALSE(kAny6.contains(*IpAddress::parse("10.0.0.1")));
  EXPECT_FALSE(kAny6.contains(*IpAddress::parse("0.0.0.0")));
}

TEST(TrafficSelector, SaysProtocolAndPortsOnlyWhenTheyAreLimited) {
  EXPECT_EQ(kAny4.to_string(), "0.0.0.0-255.255.255.255");
  EXPECT_EQ(range("10.0.0.1", "10.0.0.1", 6, 80, 81).to_string(), "10.0.0.1-10.0.0.1 protocol 6 ports 80-81");
  EXPECT_EQ(to_string(TrafficSelectors{kAny4, kAny6}),
            "0.0.0.0-255.255.255.255, ::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
  EXPECT_EQ(to_string(TrafficSelectors{}), "");
}

TEST(Intersect, IsWhatBothHaveInCommon) {
  struct Case {
    TrafficSelector a, b;
    std::optional<TrafficSelector> common;
  };
  auto net = range("10.61.0.0", "10.61.255.255");
  const Case cases[] = {
      {kAny4, net, net},
      {net, net, net},
      {range("10.0.0.0", "10.0.0.9"), range("10.0.0.5", "10.0.0.20"), range("10.0.0.5", "10.0.0.9")},
      {range("10.0.0.0", "10.0.0.9"), range("10.0.0.9", "10.0.0.20"), range("10.0.0.9", "10.0.0.9")},
      {range("10.0.0.0", "10.0.0.9"), range("10.0.0.10", "10.0.0.20"), std::nullopt},
      {kAny4, kAny6, std::nullopt},
      {range("10.0.0.0", "10.0.0.9", 6), range("10.0.0.0", "10.0.0.9", 17), std::nullopt},
      {range("10.0.0.0", "10.0.0.9", 6, 80, 90), net, std::nullopt},
      {range("10.61.0.1", "10.61.0.1", 6, 80, 90), net, range("10.61.0.1", "10.61.0.1", 6, 80, 90)},
      {range("10.61.0.1", "10.61.0.1", 6, 80, 90), range("10.61.0.1", "10.61.0.1", 6, 91, 99), std::nullopt},
      {range("10.61.0.1", "10.61.0.1", 6, 80, 90), range("10.61.0.1", "10.61.0.1", 0, 85, 99),
       range("10.61.0.1", "10.61.0.1", 6, 85, 90)},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(intersect(c.a, c.b), c.common) << c.a.to_string() << " and " << c.b.to_string();
    EXPECT_EQ(intersect(c.b, c.a), c.common) << "in either order";
  }
}

// RFC 7296 2.9.
TEST(Narrow, KeepsTheProposalsOrderAndDropsDoubles) {
  auto net = range("10.61.0.0", "10.61.255.255"), host = range("10.61.0.1", "10.61.0.1");
  EXPECT_EQ(narrow({net}, {kAny4}), TrafficSelectors{net});
  EXPECT_EQ(narrow({net, host}, {host}), TrafficSelectors{host});
  EXPECT_EQ(narrow({kAny4, kAny6}, {kAny6, kAny4}), (TrafficSelectors{kAny6, kAny4}));
  EXPECT_EQ(narrow({net}, {host, kAny4}), (TrafficSelectors{host, net}));
  EXPECT_TRUE(narrow({net}, {kAny6}).empty());
  EXPECT_TRUE(narrow({}, {kAny4}).empty());
  EXPECT_TRUE(narrow({kAny4}, {}).empty());
}

TEST(Selectors, OfManyTheFirstEightAreShown) {
  auto net = range("10.61.0.0", "10.61.255.255");
  EXPECT_EQ(to_string({net, net}), "10.61.0.0-10.61.255.255, 10.61.0.0-10.61.255.255");
  const std::string eight = to_string(TrafficSelectors(8, net));
  EXPECT_EQ(eight.size(), 8 * net.to_string().size() + 7 * 2);
  EXPECT_EQ(to_string(TrafficSelectors(255, net)), eight + ", …");
}

TEST(IsSubset, AsksThatEachLiesWithinOne) {
  auto net = range("10.61.0.0", "10.61.255.255"), host = range("10.61.0.1", "10.61.0.1");
  EXPECT_TRUE(is_subset({net, host}, {kAny4}));
  EXPECT_TRUE(is_subset({net}, {kAny6, net}));
  EXPECT_FALSE(is_subset({net, kAny6}, {kAny4}));
  EXPECT_FALSE(is_subset({kAny4}, {net}));
  EXPECT_FALSE(is_subset({}, {kAny4})) << "an empty answer is no answer";
  EXPECT_FALSE(
      is_subset({range("10.61.0.0", "10.61.255.255", 6)}, {range("10.61.0.0", "10.61.255.255", 17)}));
}

}  // namespace
}  // namespace hawser::sa
