#include "operator/sidecars/fleet.h"

#include <gtest/gtest.h>

#include "tests/support/sidecars/fake_sidecar_client.h"
#include "tests/unit/operator/sidecars/samples.h"

namespace hawser::sidecars {
namespace {

TEST(Fleet, KeepsTheOrderAndSendsToTheNamedOne) {
  Fleet fleet;
  auto first = std::make_unique<testing::FakeSidecarClient>("z", SyncSession::Identity{});
  auto second = std::make_unique<testing::FakeSidecarClient>("a", SyncSession::Identity{});
  auto* z = first.get();
  auto* a = second.get();
  fleet.add("z", std::move(first));
  fleet.add("a", std::move(second));
  ASSERT_EQ(fleet.snapshots().size(), 2u);
  EXPECT_EQ(fleet.snapshots()[0].name, "z");
  z->connect(sidecar_hello());
  a->connect(sidecar_hello());
  fleet.set_desired("a", {{entry("c", 1)}});
  EXPECT_EQ(z->received().size(), 1u);
  EXPECT_EQ(a->received().size(), 2u);
}

}  // namespace
}  // namespace hawser::sidecars
