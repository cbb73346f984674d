#include "sidecar/dataplane/node/interface_name.h"

#include <gtest/gtest.h>

namespace hawser::dataplane {
namespace {

// Computed with Python: "hws" + base64.b32encode(hashlib.sha256(name).digest()).decode().lower()[:10]
TEST(InterfaceName, IsTheStartOfTheDigestInBase32) {
  EXPECT_EQ(interface_name("default/vnet1tosite6"), "hwsfxnqtulpg7");
  EXPECT_EQ(interface_name("a/b"), "hwsyfgn3qbt6z");
}

TEST(InterfaceName, RecognisesItsOwnShapeOnly) {
  EXPECT_TRUE(is_interface_name(interface_name("any/thing")));
  EXPECT_FALSE(is_interface_name("hws"));
  EXPECT_FALSE(is_interface_name("hwsx"));
  EXPECT_FALSE(is_interface_name("hwsABCDEFGHIJ"));
  EXPECT_FALSE(is_interface_name("hwsabcdefghi0"));
  EXPECT_FALSE(is_interface_name("hwsabcdefghijk"));
  EXPECT_FALSE(is_interface_name("eth0"));
}

}  // namespace
}  // namespace hawser::dataplane
