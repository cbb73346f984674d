#include "sidecar/agent/source_address.h"

#include <gtest/gtest.h>

namespace hawser::agent {
namespace {

TEST(KernelSourceAddresses, FindsOurOwnAddressInAPrefix) {
  const KernelSourceAddresses sources;
  const auto own = sources.inside(IpPrefix::parse("127.0.0.0/8").value());
  ASSERT_TRUE(own);
  EXPECT_EQ(own->to_string(), "127.0.0.1");
  EXPECT_FALSE(sources.inside(IpPrefix::parse("240.0.0.0/8").value()));
}

}  // namespace
}  // namespace hawser::agent
