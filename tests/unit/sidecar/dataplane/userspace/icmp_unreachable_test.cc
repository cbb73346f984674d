#include "sidecar/dataplane/userspace/icmp_unreachable.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "sidecar/esp/checksum.h"

namespace hawser::dataplane {
namespace {

Bytes packet(const char* source, const char* destination, uint8_t protocol, size_t payload) {
  IpAddress from = IpAddress::parse(source).value(), to = IpAddress::parse(destination).value();
  size_t header = from.is_v4() ? 20 : 40;
  Bytes out(header + payload, 0x5a);
  std::fill_n(out.begin(), header, uint8_t{0});
  out[0] = from.is_v4() ? 0x45 : 0x60;
  store_be16(&out[from.is_v4() ? 2 : 4], static_cast<uint16_t>(from.is_v4() ? out.size() : payload));
  out[from.is_v4() ? 9 : 6] = protocol;
  std::ranges::copy(from.octets(), &out[from.is_v4() ? 12 : 8]);
  std::ranges::copy(to.octets(), &out[from.is_v4() ? 16 : 24]);
  return out;
}

Bytes answer(const Bytes& about) {
  auto header = esp::InnerHeader::parse(about);
  EXPECT_TRUE(header);
  Bytes out(kMaxIcmpUnreachable);
  out.resize(write_icmp_unreachable(*header, about, out));
  return out;
}

TEST(IcmpUnreachable, AnswersIpv4FromTheDestination) {
  Bytes about = packet("10.11.0.1", "10.61.0.1", 17, 8);
  Bytes icmp = answer(about);
  ASSERT_EQ(icmp.size(), 28 + about.size());
  auto header = esp::InnerHeader::parse(icmp);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->source.to_string(), "10.61.0.1");
  EXPECT_EQ(header->destination.to_string(), "10.11.0.1");
  EXPECT_EQ(header->protocol, 1);
  EXPECT_EQ(icmp[20], 3);  // destination unreachable
  EXPECT_EQ(icmp[21], 1);  // host
  // RFC 1071: a correct header sums to all ones.
  EXPECT_EQ(esp::checksum_finish(esp::checksum_add(BytesView(icmp).first(20))), 0);
  EXPECT_EQ(esp::checksum_finish(esp::checksum_add(BytesView(icmp).subspan(20))), 0);
  EXPECT_TRUE(std::ranges::equal(BytesView(icmp).subspan(28), about));
}

TEST(IcmpUnreachable, AnswersIpv6WithThePseudoHeader) {
  Bytes about = packet("2001:db8:11::1", "2001:db8:61::1", 17, 8);
  Bytes icmp = answer(about);
  ASSERT_EQ(icmp.size(), 48 + about.size());
  EXPECT_EQ(icmp[40], 1);
  EXPECT_EQ(icmp[41], 3);
  uint32_t pseudo =
      esp::checksum_add(BytesView(icmp).subspan(8, 32), static_cast<uint32_t>(icmp.size() - 40) + 58);
  EXPECT_EQ(esp::checksum_finish(esp::checksum_add(BytesView(icmp).subspan(40), pseudo)), 0);
}

TEST(IcmpUnreachable, QuotesNoMoreThanItMay) {
  EXPECT_EQ(answer(packet("10.11.0.1", "10.61.0.1", 17, 1380)).size(), kMaxIcmpUnreachable);
  EXPECT_EQ(answer(packet("2001:db8:11::1", "2001:db8:61::1", 17, 1360)).size(), kMaxIcmpUnreachable);
}

TEST(IcmpUnreachable, IsSilentWhereTheRfcsSayso) {
  EXPECT_TRUE(answer(packet("0.0.0.0", "10.61.0.1", 17, 8)).empty());
  EXPECT_TRUE(answer(packet("224.0.0.1", "10.61.0.1", 17, 8)).empty());
  EXPECT_TRUE(answer(packet("10.11.0.1", "224.0.0.5", 17, 8)).empty());
  EXPECT_TRUE(answer(packet("10.11.0.1", "255.255.255.255", 17, 8)).empty());
  EXPECT_TRUE(answer(packet("2001:db8:11::1", "ff02::2", 17, 8)).empty());
  EXPECT_TRUE(answer(packet("10.11.0.1", "10.61.0.1", 1, 0)).empty()) << "ICMP without its type";
  Bytes later_fragment = packet("10.11.0.1", "10.61.0.1", 17, 8);
  later_fragment[7] = 1;
  EXPECT_TRUE(answer(later_fragment).empty());
  for (uint8_t type : {3, 4, 5, 11, 12}) {
    Bytes error = packet("10.11.0.1", "10.61.0.1", 1, 8);
    error[20] = type;
    EXPECT_TRUE(answer(error).empty()) << int(type);
  }
  Bytes error6 = packet("2001:db8:11::1", "2001:db8:61::1", 58, 8);
  error6[40] = 2;
  EXPECT_TRUE(answer(error6).empty());
  Bytes echo = packet("10.11.0.1", "10.61.0.1", 1, 8);
  echo[20] = 8;
  EXPECT_FALSE(answer(echo).empty());
}

}  // namespace
}  // namespace hawser::dataplane
