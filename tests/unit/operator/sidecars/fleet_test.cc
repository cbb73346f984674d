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

TEST(Fleet, SaysNothingTwice) {
  Fleet fleet;
  auto made = std::make_unique<testing::FakeSidecarClient>("a", SyncSession::Identity{});
  auto* a = made.get();
  fleet.add("a", std::move(made));
  a->connect(sidecar_hello());
  fleet.set_desired("a", {{entry("c", 1)}});
  fleet.set_desired("a", {{entry("c", 1)}});
  EXPECT_EQ(a->received().size(), 2u);
  fleet.set_desired("a", {{entry("c", 2)}});
  EXPECT_EQ(a->received().size(), 3u);
}

// Nodes come and go under it.
class FollowingFleet : public ::testing::Test {
 protected:
  static SidecarNode node(const std::string& name, const std::string& target) {
    SidecarNode made;
    made.name = name;
    made.target = target;
    return made;
  }
  bool follow(const std::vector<SidecarNode>& nodes) {
    return fleet_.follow(nodes, [this](const SidecarNode& wanted) {
      EXPECT_FALSE(alive_.contains(wanted.name)) << "two clients of one sidecar";
      for (const auto& [name, other] : alive_)
        EXPECT_NE(other->target, wanted.target) << "two clients of one sidecar";
      auto client = std::make_unique<Watched>(wanted.name, wanted.target, alive_);
      made_.push_back(wanted.name + "=" + wanted.target);
      alive_[wanted.name] = client.get();
      return client;
    });
  }
  struct Watched final : SidecarClient {
    Watched(std::string given, std::string where, std::map<std::string, Watched*>& others)
        : name(std::move(given)), target(std::move(where)), alive(others) {}
    ~Watched() override { alive.erase(name); }
    void set_desired(Desired desired) override { told.push_back(std::move(desired)); }
    SidecarSnapshot snapshot() const override {
      SidecarSnapshot snapshot;
      snapshot.name = name;
      return snapshot;
    }
    std::string name, target;
    std::map<std::string, Watched*>& alive;
    std::vector<Desired> told;
  };
  std::map<std::string, Watched*> alive_;
  std::vector<std::string> made_;
  Fleet fleet_;
};

TEST_F(FollowingFleet, ClientsComeAndGoWithTheirNodes) {
  EXPECT_FALSE(fleet_.nodes());
  EXPECT_TRUE(follow({}));
  EXPECT_TRUE(fleet_.nodes());
  EXPECT_TRUE(follow({node("a", "192.0.2.1:9446"), node("b", "192.0.2.2:9446")}));
  Watched* b = alive_.at("b");
  EXPECT_TRUE(follow({node("b", "192.0.2.2:9446"), node("c", "192.0.2.3:9446")}));
  EXPECT_EQ(alive_.at("b"), b);
  EXPECT_FALSE(alive_.contains("a"));
  EXPECT_EQ(made_, (std::vector<std::string>{"a=192.0.2.1:9446", "b=192.0.2.2:9446", "c=192.0.2.3:9446"}));
  ASSERT_EQ(fleet_.snapshots().size(), 2u);
  EXPECT_EQ(fleet_.snapshots()[0].name, "b");
}

TEST_F(FollowingFleet, WhatIsNoNewsChangesNothingAndLabelsAloneNoClient) {
  follow({node("a", "192.0.2.1:9446")});
  EXPECT_FALSE(follow({node("a", "192.0.2.1:9446")}));
  SidecarNode labelled = node("a", "192.0.2.1:9446");
  labelled.labels["zone"] = "x";
  EXPECT_TRUE(follow({labelled}));
  EXPECT_EQ(made_.size(), 1u);
  EXPECT_EQ(fleet_.nodes()->front().labels.at("zone"), "x");
}

TEST_F(FollowingFleet, AnotherAddressIsAnotherClientAndHearsEverythingAgain) {
  follow({node("a", "192.0.2.1:9446")});
  fleet_.set_desired("a", {{entry("c", 1)}});
  follow({node("a", "192.0.2.9:9446")});
  EXPECT_EQ(made_.back(), "a=192.0.2.9:9446");
  EXPECT_TRUE(alive_.at("a")->told.empty());
  fleet_.set_desired("a", {{entry("c", 1)}});
  EXPECT_EQ(alive_.at("a")->told.size(), 1u);
}

TEST_F(FollowingFleet, OfNodesWithOneAddressTheOneWithAPodHasAClient) {
  SidecarNode old_name = node("a", "192.0.2.1:9446"), new_name = node("b", "192.0.2.1:9446");
  old_name.pod_there = true;
  follow({old_name});
  old_name.pod_there = false;
  new_name.pod_there = true;
  // The client of "a" ends before that of "b" begins: the fixture looks.
  EXPECT_TRUE(follow({old_name, new_name}));
  EXPECT_EQ(made_, (std::vector<std::string>{"a=192.0.2.1:9446", "b=192.0.2.1:9446"}));
  ASSERT_EQ(fleet_.snapshots().size(), 1u);
  EXPECT_EQ(fleet_.snapshots()[0].name, "b");
  EXPECT_EQ(fleet_.nodes()->size(), 2u);
}

TEST_F(FollowingFleet, AnAddressThatMovesToAnotherNodeIsLeftBeforeItIsTaken) {
  follow({node("a", "192.0.2.1:9446"), node("b", "192.0.2.2:9446")});
  follow({node("a", "192.0.2.2:9446"), node("b", "192.0.2.1:9446")});
  EXPECT_EQ(made_.size(), 4u);
}

TEST_F(FollowingFleet, ANodeWithoutAnAddressHasNoClientYet) {
  follow({node("a", "")});
  EXPECT_EQ(fleet_.size(), 0u);
  EXPECT_EQ(fleet_.nodes()->size(), 1u);
  follow({node("a", "192.0.2.1:9446")});
  EXPECT_EQ(fleet_.size(), 1u);
}

}  // namespace
}  // namespace hawser::sidecars
