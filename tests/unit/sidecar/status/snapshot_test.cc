#include "sidecar/status/snapshot.h"

#include <gtest/gtest.h>

#include "tests/unit/sidecar/status/sample.h"

namespace hawser::status {
namespace {

TEST(Snapshot, AConfiguredConnectionIsThereBeforeTheEngineKnowsIt) {
  const auto snapshot =
      sample_snapshot({sample_configured("ns/b"), sample_configured("ns/a")}, {sample_view("ns/b")});
  ASSERT_EQ(snapshot.connections.size(), 2U);
  EXPECT_EQ(snapshot.connections[0].configured.name, "ns/a");
  EXPECT_FALSE(snapshot.connections[0].up());
  EXPECT_TRUE(snapshot.connections[1].up());
  EXPECT_EQ(snapshot.connections[1].object_namespace(), "ns");
  EXPECT_EQ(snapshot.connections[1].object_name(), "b");
}

TEST(Snapshot, AViewWithoutAConfigurationIsNotShown) {
  EXPECT_TRUE(sample_snapshot({}, {sample_view("ns/a")}).connections.empty());
}

TEST(Snapshot, CarriesTalliesAndCounters) {
  Ledger ledger;
  ledger.open("ns/a");
  ledger.fold(ike::Retransmitted{"ns/a"});
  Inputs inputs;
  inputs.configured = {sample_configured("ns/a")};
  inputs.tallies = &ledger.tallies();
  inputs.counters["ns/a"].receive_bytes = 7;
  const auto snapshot = fold(std::move(inputs));
  EXPECT_EQ(snapshot.connections[0].tally.retransmits, 1U);
  EXPECT_EQ(snapshot.connections[0].counters.receive_bytes, 7U);
}

TEST(ClockAnchorTest, SmallCorrectionsOfTheWallClockDoNotMoveTimes) {
  ClockAnchor anchor;
  anchor.update(at(10), WallTime(std::chrono::seconds(1000)));
  anchor.update(at(20), WallTime(std::chrono::milliseconds(1'011'500)));
  EXPECT_EQ(anchor.wall(at(15)), WallTime(std::chrono::seconds(1005)));
}

TEST(ClockAnchorTest, AStepOfTheWallClockMovesThem) {
  ClockAnchor anchor;
  anchor.update(at(10), WallTime(std::chrono::seconds(1000)));
  anchor.update(at(20), WallTime(std::chrono::seconds(5000)));
  EXPECT_EQ(anchor.wall(at(20)), WallTime(std::chrono::seconds(5000)));
}

}  // namespace
}  // namespace hawser::status
