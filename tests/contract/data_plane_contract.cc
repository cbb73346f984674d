#include "tests/contract/data_plane_contract.h"

#include <gmock/gmock.h>

namespace hawser::dataplane {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr const char* kName = "default/site6";

InnerPacket packet(const char* source, const char* destination, size_t size = 100) {
  return {IpAddress::parse(source).value(), IpAddress::parse(destination).value(), size};
}
InnerPacket inbound(size_t size = 100) { return packet("10.61.0.1", "10.11.0.1", size); }
InnerPacket outbound(size_t size = 100) { return packet("10.11.0.1", "10.61.0.1", size); }

std::string text(const sa::DataPlaneEvent& event) {
  static constexpr std::array kNames = {"first", "in", "out", "soft", "hard", "failed"};
  auto spi = std::visit([](const auto& e) { return e.inbound_spi.value; }, event);
  return std::string(kNames[event.index()]) + " " + std::to_string(spi / 0x1000);
}

}  // namespace

TunnelSpec DataPlaneContract::tunnel() const {
  TunnelSpec out;
  out.connection = kName;
  out.local_prefixes = {IpPrefix::parse("10.11.0.0/16").value(), IpPrefix::parse("2001:db8:11::/48").value()};
  out.remote_prefixes = {IpPrefix::parse("10.61.0.0/16").value(),
                         IpPrefix::parse("2001:db8:61::/48").value()};
  return out;
}

sa::ChildSaSpec DataPlaneContract::spec(uint8_t n) const {
  return support::left_spec(kName, support::default_child_suite(), n, harness_->ends());
}

uint32_t DataPlaneContract::send(const InnerPacket& inner) {
  auto sent = harness_->send(kName, inner);
  return sent ? sent->outbound_spi.value : 0;
}

std::vector<std::string> DataPlaneContract::events() {
  std::vector<std::string> out;
  while (auto event = plane().poll_event()) out.push_back(text(*event));
  return out;
}

uint64_t DataPlaneContract::dropped(sa::Direction direction, DropReason reason) {
  Counters all = plane().counters(kName).value();
  return (direction == sa::Direction::Inbound ? all.dropped_inbound
                                              : all.dropped_outbound)[static_cast<size_t>(reason)];
}

TEST_P(DataPlaneContract, CountersExistWhileConfigured) {
  EXPECT_FALSE(plane().counters(kName));
  ASSERT_TRUE(harness_->configure(tunnel()));
  ASSERT_TRUE(plane().counters(kName));
  EXPECT_EQ(plane().counters(kName)->receive_packets, 0u);
  EXPECT_EQ(plane().counters(kName)->last_receive, WallTime{});
  plane().unconfigure(kName, false);
  EXPECT_FALSE(plane().counters(kName));
}

TEST_P(DataPlaneContract, NothingIsInstalledForAConnectionThatIsNotConfigured) {
  auto installed = install(spec(1));
  ASSERT_FALSE(installed);
  EXPECT_EQ(installed.error().code, ErrorCode::NotFound);
  plane().unconfigure(kName, false);
  plane().remove(kName, sa::Spi(0x1001));
}

TEST_P(DataPlaneContract, MtuOutOfRangeIsRefused) {
  TunnelSpec bad = tunnel();
  for (uint32_t mtu : {0u, 1279u, 9001u, 70000u}) {
    bad.mtu = mtu;
    auto configured = harness_->configure(bad);
    ASSERT_FALSE(configured);
    EXPECT_EQ(configured.error().code, ErrorCode::InvalidArgument);
  }
}

TEST_P(DataPlaneContract, APrefixBelongsToOneConnection) {
  ASSERT_TRUE(harness_->configure(tunnel()));
  TunnelSpec other = tunnel();
  other.connection = "default/other";
  auto configured = harness_->configure(other);
  ASSERT_FALSE(configured);
  EXPECT_EQ(configured.error().code, ErrorCode::AlreadyExists);
  // Nor a part of it, nor what it is a part of: packets would change tunnels.
  for (const char* nested : {"10.61.7.0/24", "10.0.0.0/8"}) {
    other.remote_prefixes = {IpPrefix::parse(nested).value()};
    auto refused = harness_->configure(other);
    ASSERT_FALSE(refused) << nested;
    EXPECT_EQ(refused.error().code, ErrorCode::AlreadyExists);
  }
  other.remote_prefixes = {IpPrefix::parse("10.62.0.0/16").value()};
  EXPECT_TRUE(harness_->configure(other));
}

TEST_P(DataPlaneContract, CarriesPacketsBothWaysAtOnce) {
  ASSERT_TRUE(harness_->configure(tunnel()));
  ASSERT_TRUE(install(spec(1)));
  EXPECT_TRUE(deliver(spec(1), inbound(100)));
  EXPECT_TRUE(deliver(spec(1), packet("2001:db8:61::1", "2001:db8:11::1", 200)));
  EXPECT_EQ(send(outbound(300)), 0x1002u);
  EXPECT_EQ(send(packet("2001:db8:11::1", "2001:db8:61::1", 1400)), 0x1002u);
  Counters counters = plane().counters(kName).value();
  EXPECT_EQ(counters.receive_packets, 2u);
  EXPECT_EQ(counters.receive_bytes, 300u);
  EXPECT_EQ(counters.transmit_packets, 2u);
  EXPECT_EQ(counters.transmit_bytes, 1700u);
  EXPECT_EQ(counters.last_receive, harness_->clock().wall_now());
}

TEST_P(DataPlaneContract, ConfiguringAgainKeepsSasAndCounters) {
  ASSERT_TRUE(harness_->configure(tunnel()));
  ASSERT_TRUE(install(spec(1)));
  ASSERT_TRUE(deliver(spec(1), inbound()));
  EXPECT_TRUE(harness_->configure(tunnel()));
  EXPECT_TRUE(deliver(spec(1), inbound()));
  EXPECT_EQ(send(outbound()), 0x1002u);
  EXPECT_EQ(plane().counters(kName)->receive_packets, 2u);
}

TEST_P(DataPlaneContract, PrefixesChangeInPlace) {
  ASSERT_TRUE(harness_->configure(tunnel()));
  ASSERT_TRUE(install(spec(1)));
  TunnelSpec changed = tunnel();
  changed.remote_prefixes = {IpPrefix::parse("10.62.0.0/16").value()};
  ASSERT_TRUE(harness_->configure(changed));
  EXPECT_FALSE(deliver(spec(1), inbound()));
  EXPECT_TRUE(deliver(spec(1), packet("10.62.0.1", "10.11.0.1")));
  EXPECT_EQ(send(packet("10.11.0.1", "10.62.0.1")), 0x1002u);
}

TEST_P(DataPlaneContract, UnconfigureForgetsEverything) {
  ASSERT_TRUE(harness_->configure(tunnel()));
  ASSERT_TRUE(install(spec(1)));
  ASSERT_TRUE(deliver(spec(1), inbound()));
  plane().unconfigure(kName, true);
  EXPECT_FALSE(install(spec(2)));
  ASSERT_TRUE(harness_->configure(tunnel()));
  EXPECT_EQ(plane().counters(kName)->receive_packets, 0u);
  EXPECT_EQ(send(outbound()), 0u);
  EXPECT_FALSE(deliver(spec(1), inbound()));
  EXPECT_TRUE(install(spec(1))) << "its SPI is free again";
}

TEST_P(DataPlaneContract, FirstPacketIsReportedOnceAndActivityOnceASecond) {
  ASSERT_TRUE(harness_->configure(tunnel()));
  ASSERT_TRUE(install(spec(1)));
  deliver(spec(1), inbound());
  EXPECT_THAT(events(), ElementsAre("first 1", "in 1"));
  deliver(spec(1), inbound());
  send(outbound());
  send(outbound());
  EXPECT_THAT(events(), ElementsAre("out 1"));
  harness_->clock().advance(std::chrono::milliseconds(999));
  deliver(spec(1), inbound());
  send(outbound());
  EXPECT_THAT(events(), IsEmpty());
  harness_->clock().advance(std::chrono::milliseconds(1));
  deliver(spec(1), inbound());
  send(outbound());
  EXPECT_THAT(events(), ElementsAre("in 1", "out 1"));
}

TEST_P(DataPlaneContract, ANewPairReceivesAtOnceAndSendsWhenActivated) {
  ASSERT_TRUE(harness_->configure(tunnel()));
  ASSERT_TRUE(install(spec(1)));
  sa::ChildSaSpec second = spec(2);
  second.use_outbound = false;
  ASSERT_TRUE(install(second));
  EXPECT_EQ(send(outbound()), 0x1002u);
  EXPECT_TRUE(deliver(second, inbound()));
  EXPECT_EQ(send(outbound()), 0x1002u);
  ASSERT_TRUE(plane().activate_outbound(kName, second.inbound_spi));
  EXPECT_EQ(send(outbound()), 0x2002u);
  EXPECT_TRUE(deliver(spec(1), inbound())) << "the old pair receives until it is removed";
  plane().remove(kName, sa::Spi(0x1001));
  EXPECT_FALSE(deliver(spec(1), inbound()));
  EXPECT_EQ(send(outbound()), 0x2002u);
  EXPECT_EQ(plane().counters(kName)->transmit_packets, 4u) << "counters go on across a rekey";
}

TEST_P(DataPlaneContract, RemovingTheActivePairFallsBackToTheOneBefore) {
  ASSERT_TRUE(harness_->configure(tunnel()));
  for (uint8_t n : {1, 2, 3}) ASSERT_TRUE(install(spec(n)));
  ASSERT_TRUE(plane().activate_outbound(kName, sa::Spi(0x1001)));
  EXPECT_EQ(send(outbound()), 0x1002u);
  plane().remove(kName, sa::Spi(0x1001));
  EXPECT_EQ(send(outbound()), 0x3002u);
  plane().remove(kName, sa::Spi(0x3001));
  EXPECT_EQ(send(outbound()), 0x2002u);
  plane().remove(kName, sa::Spi(0x2001));
  EXPECT_EQ(send(outbound()), 0u);
  EXPECT_EQ(dropped(sa::Direction::Outbound, DropReason::NoSa), 1u);
}

TEST_P(DataPlaneContract, APairThatMayNotSendYetSendsWhenItIsTheOnlyOne) {
  ASSERT_TRUE(harness_->configure(tunnel()));
  sa::ChildSaSpec only = spec(1);
  only.use_outbound = false;
  ASSERT_TRUE(install(only));
  EXPECT_EQ(send(outbound()), 0x1002u);
}

TEST_P(DataPlaneContract, UnknownPairsAreNamedAndRemovingThemIsHarmless) {
  ASSERT_TRUE(harness_->configure(tunnel()));
  ASSERT_TRUE(install(spec(1)));
  auto activated = plane().activate_outbound(kName, sa::Spi(0x9001));
  ASSERT_FALSE(activated);
  EXPECT_EQ(activated.error().code, ErrorCode::NotFound);
  auto updated =
      plane().update_endpoint(kName, sa::Spi(0x9001), harness_->ends().left, harness_->ends().right);
  ASSERT_FALSE(updated);
  EXPECT_EQ(updated.error().code, ErrorCode::NotFound);
  EXPECT_FALSE(plane().activate_outbound("default/unknown", sa::Spi(0x1001)));
  plane().remove(kName, sa::Spi(0x9001));
  plane().remove("default/unknown", sa::Spi(0x1001));
  EXPECT_EQ(send(outbound()), 0x1002u);
}

TEST_P(DataPlaneContract, AnSpiIsInstalledOnce) {
  ASSERT_TRUE(harness_->configure(tunnel()));
  ASSERT_TRUE(install(spec(1)));
  sa::ChildSaSpec again = spec(2);
  again.inbound_spi = sa::Spi(0x1001);
  auto installed = install(again);
  ASSERT_FALSE(installed);
  EXPECT_EQ(installed.error().code, ErrorCode::AlreadyExists);
  EXPECT_EQ(send(outbound()), 0x1002u);
  EXPECT_TRUE(deliver(spec(1), inbound()));
}

TEST_P(DataPlaneContract, AFailedInstallLeavesThePreviousPair) {
  ASSERT_TRUE(harness_->configure(tunnel()));
  ASSERT_TRUE(install(spec(1)));
  sa::ChildSaSpec bad = spec(2);
  bad.outbound_keys.encryption = SecretBytes(5);
  auto installed = install(bad);
  ASSERT_FALSE(installed);
  EXPECT_EQ(installed.error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(send(outbound()), 0x1002u);
  EXPECT_TRUE(deliver(spec(1), inbound()));
  EXPECT_TRUE(install(spec(2))) << "nothing of it stayed behind";
}

TEST_P(DataPlaneContract, InnerAddressesMustBeTheConnections) {
  ASSERT_TRUE(harness_->configure(tunnel()));
  ASSERT_TRUE(install(spec(1)));
  EXPECT_FALSE(deliver(spec(1), packet("10.99.0.1", "10.11.0.1")));
  EXPECT_FALSE(deliver(spec(1), packet("10.61.0.1", "10.99.0.1")));
  EXPECT_FALSE(deliver(spec(1), packet("10.11.0.1", "10.61.0.1"))) << "our own network from outside";
  EXPECT_FALSE(deliver(spec(1), packet("2001:db8:99::1", "2001:db8:11::1")));
  EXPECT_EQ(dropped(sa::Direction::Inbound, DropReason::SelectorMismatch), 4u);
  EXPECT_EQ(plane().counters(kName)->receive_packets, 0u);
  EXPECT_THAT(events(), ElementsAre("first 1", "in 1")) << "it was the peer all the same";
}

TEST_P(DataPlaneContract, NegotiatedSelectorsNarrowBothWays) {
  ASSERT_TRUE(harness_->configure(tunnel()));
  sa::ChildSaSpec narrow = spec(1);
  narrow.remote_selectors = {sa::TrafficSelector::of(IpPrefix::parse("10.61.1.0/24").value())};
  ASSERT_TRUE(install(narrow));
  EXPECT_TRUE(deliver(narrow, packet("10.61.1.7", "10.11.0.1")));
  EXPECT_FALSE(deliver(narrow, packet("10.61.2.7", "10.11.0.1")));
  EXPECT_EQ(send(packet("10.11.0.1", "10.61.1.7")), 0x1002u);
  EXPECT_EQ(send(packet("10.11.0.1", "10.61.2.7")), 0u);
  EXPECT_EQ(dropped(sa::Direction::Inbound, DropReason::SelectorMismatch), 1u);
  EXPECT_EQ(dropped(sa::Direction::Outbound, DropReason::SelectorMismatch), 1u);
}

TEST_P(DataPlaneContract, OutboundOctetsReachTheLimits) {
  ASSERT_TRUE(harness_->configure(tunnel()));
  sa::ChildSaSpec limited = spec(1);
  limited.soft_bytes = 1000;
  limited.hard_bytes = 1500;
  ASSERT_TRUE(install(limited));
  EXPECT_NE(send(outbound(900)), 0u);
  EXPECT_THAT(events(), ElementsAre("out 1"));
  EXPECT_NE(send(outbound(100)), 0u);
  EXPECT_THAT(events(), ElementsAre("soft 1"));
  EXPECT_NE(send(outbound(500)), 0u);
  EXPECT_THAT(events(), IsEmpty());
  EXPECT_EQ(send(outbound(100)), 0u);
  EXPECT_THAT(events(), ElementsAre("hard 1"));
  EXPECT_EQ(send(outbound(100)), 0u);
  EXPECT_FALSE(deliver(limited, inbound())) << "the pair is used up, both ways";
  EXPECT_THAT(events(), IsEmpty());
  EXPECT_EQ(dropped(sa::Direction::Outbound, DropReason::Expired), 2u);
  EXPECT_EQ(dropped(sa::Direction::Inbound, DropReason::Expired), 1u);
}

TEST_P(DataPlaneContract, InboundOctetsReachTheLimits) {
  ASSERT_TRUE(harness_->configure(tunnel()));
  sa::ChildSaSpec limited = spec(1);
  limited.soft_bytes = 1000;
  limited.hard_bytes = 1500;
  ASSERT_TRUE(install(limited));
  EXPECT_TRUE(deliver(limited, inbound(1000)));
  EXPECT_THAT(events(), UnorderedElementsAre("first 1", "in 1", "soft 1"));
  EXPECT_TRUE(deliver(limited, inbound(500)));
  EXPECT_FALSE(deliver(limited, inbound(100)));
  EXPECT_THAT(events(), ElementsAre("hard 1"));
  EXPECT_EQ(send(outbound()), 0u);
  EXPECT_EQ(dropped(sa::Direction::Inbound, DropReason::Expired), 1u);
  EXPECT_EQ(dropped(sa::Direction::Outbound, DropReason::Expired), 1u);
}

TEST_P(DataPlaneContract, TheEndpointMoves) {
  ASSERT_TRUE(harness_->configure(tunnel()));
  ASSERT_TRUE(install(spec(1)));
  EXPECT_EQ(harness_->send(kName, outbound())->remote, harness_->ends().right);
  ASSERT_TRUE(
      plane().update_endpoint(kName, sa::Spi(0x1001), harness_->ends().left, harness_->other_remote()));
  auto sent = harness_->send(kName, outbound());
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->remote, harness_->other_remote());
}

TEST_P(DataPlaneContract, UnknownSpisAreCountedForTheNode) {
  ASSERT_TRUE(harness_->configure(tunnel()));
  EXPECT_FALSE(deliver(spec(7), inbound()));
  EXPECT_FALSE(deliver(spec(7), inbound()));
  EXPECT_EQ(plane().unknown_spi_packets(), 2u);
  EXPECT_THAT(events(), IsEmpty());
}

TEST_P(DataPlaneContract, LeftoversOfOthersGoAndConfiguredOnesStay) {
  ASSERT_TRUE(harness_->configure(tunnel()));
  ASSERT_TRUE(install(spec(1)));
  ASSERT_TRUE(plane().remove_leftovers());
  EXPECT_EQ(send(outbound()), 0x1002u);
  EXPECT_TRUE(deliver(spec(1), inbound()));
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(DataPlaneContract);

}  // namespace hawser::dataplane
