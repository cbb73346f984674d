#include "sidecar/dataplane/userspace/sa_pair.h"

#include <gtest/gtest.h>

#include "sidecar/crypto/context.h"
#include "tests/support/dataplane/child_sas.h"

namespace hawser::dataplane {
namespace {

constexpr uint8_t kEct0 = 2, kCe = 3;

class SaPairTest : public ::testing::Test {
 protected:
  std::unique_ptr<SaPair> left() { return SaPair::create(*context_, left_spec(), {}).value(); }
  std::unique_ptr<SaPair> right() { return SaPair::create(*context_, right_spec(), {}).value(); }
  sa::ChildSaSpec left_spec() { return support::left_spec("a/b", support::default_child_suite(), 1, {}); }
  sa::ChildSaSpec right_spec() { return support::right_spec("a/b", support::default_child_suite(), 1, {}); }

  // An IPv4 packet of 40 octets with that traffic class, sealed by `from`.
  Bytes sealed(SaPair& from, uint8_t traffic_class = 0) {
    Bytes slot(2000);
    uint8_t* inner = &slot[from.inner_offset()];
    inner[0] = 0x45;
    inner[1] = traffic_class;
    inner[3] = 40;
    SaPair::Sealed out = from.seal(slot, 40, random_);
    EXPECT_FALSE(out.drop);
    outer_tos_ = out.outer_tos;
    return {out.packet.begin(), out.packet.end()};
  }

  std::unique_ptr<crypto::Context> context_ = crypto::Context::seeded(1).value();
  crypto::SeededRandom random_{1};
  uint8_t outer_tos_ = 0;
};

TEST_F(SaPairTest, OpensWhatTheOtherSideSealed) {
  auto from = right(), to = left();
  Bytes esp = sealed(*from);
  SaPair::Opened opened = to->open(esp, outer_tos_);
  EXPECT_TRUE(opened.authentic);
  EXPECT_FALSE(opened.drop);
  EXPECT_EQ(opened.inner.size(), 40u);
}

TEST_F(SaPairTest, NamesReplayIntegrityAndMalformed) {
  auto from = right(), to = left();
  Bytes esp = sealed(*from), copy = esp;
  ASSERT_FALSE(to->open(esp, 0).drop);
  SaPair::Opened replayed = to->open(copy, 0);
  EXPECT_EQ(replayed.drop, DropReason::Replay);
  EXPECT_FALSE(replayed.authentic);

  Bytes forged = sealed(*from);
  forged.back() ^= 1;
  SaPair::Opened bad = to->open(forged, 0);
  EXPECT_EQ(bad.drop, DropReason::Integrity);
  EXPECT_FALSE(bad.authentic);

  Bytes cut = sealed(*from);
  cut.resize(12);
  EXPECT_EQ(to->open(cut, 0).drop, DropReason::Malformed);
}

TEST_F(SaPairTest, CarriesCongestionMarksAndDropsImpossibleOnes) {
  auto from = right(), to = left();
  Bytes marked = sealed(*from, kEct0);
  EXPECT_EQ(outer_tos_, kEct0);
  SaPair::Opened opened = to->open(marked, kCe);
  ASSERT_EQ(opened.inner.size(), 40u);
  EXPECT_EQ(opened.inner[1] & 3, kCe);

  Bytes incapable = sealed(*from, 0);
  SaPair::Opened dropped = to->open(incapable, kCe);
  EXPECT_EQ(dropped.drop, DropReason::Ecn);
  EXPECT_TRUE(dropped.authentic);
}

TEST_F(SaPairTest, DifferentiatedServicesStayInside) {
  auto from = right();
  sealed(*from, 0xb8);  // EF
  EXPECT_EQ(outer_tos_, 0);
}

TEST_F(SaPairTest, RefusesReservedSpisAndWrongKeys) {
  sa::ChildSaSpec reserved = left_spec();
  reserved.inbound_spi = sa::Spi(255);
  EXPECT_EQ(SaPair::create(*context_, reserved, {}).error().code, ErrorCode::InvalidArgument);
  sa::ChildSaSpec wrong = left_spec();
  wrong.inbound_keys.encryption = SecretBytes(1);
  EXPECT_EQ(SaPair::create(*context_, wrong, {}).error().code, ErrorCode::InvalidArgument);
  sa::ChildSaSpec none = left_spec();
  none.suite = {};
  EXPECT_EQ(SaPair::create(*context_, none, {}).error().code, ErrorCode::InvalidArgument);
}

TEST_F(SaPairTest, ReportsEachThingOnce) {
  auto pair = left();
  EXPECT_TRUE(pair->first_inbound_due());
  EXPECT_FALSE(pair->first_inbound_due());
  TimePoint start(std::chrono::hours(1));
  EXPECT_TRUE(pair->inbound_activity_due(start));
  EXPECT_TRUE(pair->outbound_activity_due(start));
  EXPECT_FALSE(pair->inbound_activity_due(start + std::chrono::milliseconds(999)));
  EXPECT_TRUE(pair->inbound_activity_due(start + std::chrono::seconds(1)));
}

}  // namespace
}  // namespace hawser::dataplane
