#include "sidecar/dataplane/node/node_lock.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <optional>

namespace hawser::dataplane {
namespace {

TEST(NodeLock, IsHeldByOneAtATime) {
  // A name of this process, so that nothing else on the machine matters.
  const std::string name = "hawser-test-" + std::to_string(getpid());
  auto first = NodeLock::acquire(name);
  ASSERT_TRUE(first);
  auto second = NodeLock::acquire(name);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::AlreadyExists);
  { NodeLock gone = std::move(first).value(); }
  EXPECT_TRUE(NodeLock::acquire(name));
}

}  // namespace
}  // namespace hawser::dataplane
