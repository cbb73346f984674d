#include "sidecar/dataplane/userspace/tunnel.h"

#include <gtest/gtest.h>

#include "sidecar/crypto/context.h"
#include "tests/support/dataplane/child_sas.h"

namespace hawser::dataplane {
namespace {

class TunnelTest : public ::testing::Test {
 protected:
  SaPair& add(uint8_t n) {
    auto spec = support::left_spec("a/b", support::default_child_suite(), n, {});
    auto pair = SaPair::create(*context_, spec, {}).value();
    SaPair& added = *pair;
    tunnel_.add(std::move(pair));
    return added;
  }

  std::unique_ptr<crypto::Context> context_ = crypto::Context::seeded(1).value();
  Tunnel tunnel_{TunnelSpec{}, UniqueFd(), std::make_shared<TunnelCounters>()};
};

TEST_F(TunnelTest, SendsOnTheLastActivated) {
  EXPECT_EQ(tunnel_.outbound(), nullptr);
  SaPair& first = add(1);
  SaPair& second = add(2);
  EXPECT_EQ(tunnel_.outbound(), &second);
  tunnel_.activate(first);
  EXPECT_EQ(tunnel_.outbound(), &first);
  tunnel_.activate(second);
  EXPECT_EQ(tunnel_.outbound(), &second);
  tunnel_.remove(second.inbound_spi());
  EXPECT_EQ(tunnel_.outbound(), &first);
}

TEST_F(TunnelTest, FindsPairsByTheirInboundSpi) {
  SaPair& first = add(1);
  EXPECT_EQ(tunnel_.find(first.inbound_spi()), &first);
  EXPECT_EQ(tunnel_.find(sa::Spi(0x1002)), nullptr);
}

}  // namespace
}  // namespace hawser::dataplane
