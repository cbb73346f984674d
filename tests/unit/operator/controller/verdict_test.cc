#include "operator/controller/verdict.h"

#include <gtest/gtest.h>

#include "operator/controller/sidecar_index.h"

namespace hawser::controller {
namespace {

// Two sites with one address: one of them is refused (LNG-2).
std::shared_ptr<store::SourceSnapshot> two_sites() {
  auto source = std::make_shared<store::SourceSnapshot>();
  for (const char* name : {"a", "b"}) {
    auto& site = source->objects.local_network_gateways["default/" + std::string(name)];
    site.meta.name = name;
    site.spec = {"192.0.2.1", {"10.0.0.0/8"}};
  }
  return source;
}

api::ObjectKey site(const std::string& name) { return {api::Kind::LocalNetworkGateway, "default", name}; }

std::shared_ptr<const ObjectStatus> accepted(int64_t generation) {
  ObjectStatus status;
  status.status.conditions = {{catalog::ConditionType::Accepted, api::ConditionStatus::True,
                               catalog::Reason::Accepted, "", generation, "2026-01-01T00:00:00Z"}};
  return std::make_shared<const ObjectStatus>(std::move(status));
}

std::string refused(const Verdicts& verdicts) {
  return verdicts.all().empty() ? "" : verdicts.all().front().object.name;
}

TEST(Verdicts, AreNotAskedAgainForTheSameObjects) {
  const Statuses previous;
  Memory memory;
  Inputs inputs{two_sites(), previous, memory, {}};
  memory.verdicts = Verdicts(inputs).rules();
  EXPECT_EQ(Verdicts(inputs).rules(), memory.verdicts);
}

TEST(Verdicts, AreAskedAgainForOtherObjects) {
  const Statuses previous;
  Memory memory;
  memory.verdicts = Verdicts(Inputs{two_sites(), previous, memory, {}}).rules();
  auto changed = two_sites();
  changed->objects.local_network_gateways.at("default/b").spec.gateway_ip_address = "192.0.2.2";
  EXPECT_EQ(refused(Verdicts(Inputs{changed, previous, memory, {}})), "");
}

TEST(Verdicts, AreAskedAgainWhenTheSourceChangedWhatNobodyHeld) {
  const Statuses previous;
  Memory memory;
  auto source = two_sites();
  Inputs inputs{source, previous, memory, {}};
  memory.verdicts = Verdicts(inputs).rules();
  source->objects.local_network_gateways.at("default/b").spec.gateway_ip_address = "192.0.2.2";
  ++source->revision;
  EXPECT_EQ(refused(Verdicts(inputs)), "");
}

TEST(Verdicts, AreAskedAgainWhenOthersWereAccepted) {
  Statuses previous;
  Memory memory;
  Inputs inputs{two_sites(), previous, memory, {}};
  memory.verdicts = Verdicts(inputs).rules();
  EXPECT_EQ(refused(Verdicts(inputs)), "b");
  previous[site("b")] = accepted(0);
  EXPECT_EQ(refused(Verdicts(inputs)), "a");
}

TEST(Verdicts, AnEditedObjectThatWasAcceptedComesBeforeOneThatNeverWas) {
  Statuses previous;
  const Memory memory;
  auto sites = two_sites();
  Inputs inputs{sites, previous, memory, {}};
  previous[site("b")] = accepted(1);
  sites->objects.local_network_gateways.at("default/b").meta.generation = 2;
  EXPECT_EQ(refused(Verdicts(inputs)), "a");
  previous[site("a")] = accepted(0);
  EXPECT_EQ(refused(Verdicts(inputs)), "b") << "an edit cannot push out who is accepted as it is";
}

TEST(SidecarIndex, FindsByNameByNodeAndByConnection) {
  std::vector<sidecars::SidecarSnapshot> sidecars(3);
  sidecars[0].name = "one";
  sidecars[1].name = "two";
  sidecars[1].node = "node-2";
  sidecars[1].statuses["default/c"];
  sidecars[2].name = "three";
  sidecars[2].statuses["default/c"];
  const SidecarIndex index(sidecars);
  EXPECT_EQ(index.by_name("one"), &sidecars[0]);
  EXPECT_EQ(index.by_name("node-2"), nullptr);
  EXPECT_EQ(index.by_node("node-2"), &sidecars[1]);
  EXPECT_EQ(index.by_node("three"), &sidecars[2]);
  EXPECT_EQ(index.holder_of("default/c"), &sidecars[1]);
  EXPECT_EQ(index.holder_of("default/d"), nullptr);
}

}  // namespace
}  // namespace hawser::controller
