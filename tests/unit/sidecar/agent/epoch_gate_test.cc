#include "sidecar/agent/epoch_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hawser::agent {
namespace {

using ::testing::HasSubstr;

TEST(EpochGateTest, TheFirstStreamIsAdmittedWhateverItsEpoch) {
  EpochGate gate;
  EXPECT_EQ(gate.highest_epoch(), 0U);
  auto admission = gate.hello(1, 40);
  EXPECT_TRUE(admission.admitted);
  EXPECT_FALSE(admission.replaced);
  EXPECT_EQ(gate.current(), 1U);
  EXPECT_EQ(gate.highest_epoch(), 40U);
}

TEST(EpochGateTest, AHigherEpochReplacesTheStream) {
  EpochGate gate;
  gate.hello(1, 40);
  auto admission = gate.hello(2, 41);
  EXPECT_TRUE(admission.admitted);
  EXPECT_EQ(admission.replaced, 1U);
  EXPECT_TRUE(admission.replaced_by_higher);
  EXPECT_THAT(admission.replaced_because, HasSubstr("epoch 41"));
  EXPECT_FALSE(gate.admits(1, 40, 1));
  EXPECT_TRUE(gate.admits(2, 41, 1));
}

TEST(EpochGateTest, TheSameEpochWithANewerStreamReplacesTheStream) {
  EpochGate gate;
  gate.hello(1, 40);
  auto admission = gate.hello(2, 40);
  EXPECT_EQ(admission.replaced, 1U);
  EXPECT_FALSE(admission.replaced_by_higher);
  EXPECT_EQ(gate.current(), 2U);
}

TEST(EpochGateTest, ALowerEpochIsRefusedWithTheOneInForce) {
  EpochGate gate;
  gate.hello(1, 40);
  auto admission = gate.hello(2, 39);
  ASSERT_FALSE(admission.admitted);
  EXPECT_THAT(admission.admitted.error().message, HasSubstr("epoch 40 is in force"));
  EXPECT_THAT(admission.admitted.error().message, HasSubstr("restart the sidecars"));
  EXPECT_EQ(gate.current(), 1U);
}

TEST(EpochGateTest, TheHighestEpochOutlivesItsStream) {
  EpochGate gate;
  gate.hello(1, 40);
  gate.closed(1);
  EXPECT_FALSE(gate.current());
  EXPECT_FALSE(gate.hello(2, 39).admitted);
  EXPECT_TRUE(gate.hello(3, 40).admitted);
}

TEST(EpochGateTest, AStateOfAnotherEpochThanTheStreamsIsRefused) {
  EpochGate gate;
  gate.hello(1, 40);
  EXPECT_THAT(gate.admits(1, 41, 1).error().message, HasSubstr("epoch 41"));
}

TEST(EpochGateTest, GenerationsDoNotGoBackWithinAStream) {
  EpochGate gate;
  gate.hello(1, 40);
  EXPECT_TRUE(gate.admits(1, 40, 5));
  EXPECT_TRUE(gate.admits(1, 40, 5));
  EXPECT_FALSE(gate.admits(1, 40, 4));
  gate.hello(2, 40);
  EXPECT_TRUE(gate.admits(2, 40, 1));
}

TEST(EpochGateTest, TheEndOfAReplacedStreamChangesNothing) {
  EpochGate gate;
  gate.hello(1, 40);
  gate.hello(2, 40);
  gate.closed(1);
  EXPECT_EQ(gate.current(), 2U);
}

}  // namespace
}  // namespace hawser::agent
