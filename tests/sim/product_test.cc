#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/pair.h"

// Every IKE suite with every ESP suite and every PFS group: negotiated, rekeyed once, suites and keys
// compared.
namespace hawser::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<sa::IkeSuite> ike_suites() {
  std::vector<sa::IkeSuite> out;
  for (const auto& encryption : catalog::kEncryption)
    for (const auto& integrity : catalog::kIntegrity)
      for (const auto& group : catalog::kGroup)
        if (encryption.ike && integrity.ike) out.push_back({&encryption, &integrity, &group});
  return out;
}

// Without PFS.
std::vector<sa::ChildSuite> esp_suites() {
  std::vector<sa::ChildSuite> out;
  for (const auto& encryption : catalog::kEncryption) {
    if (!encryption.esp) continue;
    if (encryption.aead()) {
      out.push_back({&encryption, nullptr, nullptr});
      continue;
    }
    for (const auto& integrity : catalog::kIntegrity)
      if (integrity.esp) out.push_back({&encryption, &integrity, nullptr});
  }
  return out;
}

std::vector<const catalog::GroupRow*> pfs_groups() {
  std::vector<const catalog::GroupRow*> out = {nullptr};
  for (const auto& group : catalog::kGroup) out.push_back(&group);
  return out;
}

std::string name_of(const Suite& suite) {
  return std::string(suite.ike.encryption->name) + "/" + std::string(suite.ike.integrity->name) + "/" +
         std::string(suite.ike.group->name) + " " + suite_name(suite.child) + " PFS " +
         std::string(suite.child.pfs_name());
}

// Empty when all is well.
std::string run_cell(const crypto::Context& context, const Suite& suite, uint64_t seed) {
  Pair pair({.seed = seed, .suite = suite, .traffic = milliseconds(100), .context = &context});
  if (!pair.establish(seconds(2))) return "not established\n" + pair.sim.tail();
  sa::Spi first = pair.a.plane.pairs().begin()->first;
  SimPeer& peer = pair.side(seed % 2 == 0 ? Side::A : Side::B);
  auto rekeyed =
      pair.sim.act(peer, [&](ike::Endpoint& e) { return e.rekey_child(pair.sim.now(), peer.connection); });
  if (!rekeyed) return rekeyed.error().message;
  pair.sim.run_for(seconds(7));  // beyond the old pair's grace
  for (const auto& problem : pair.at_rest()) return problem + "\n" + pair.sim.tail();
  for (const auto& problem : pair.lost_packets()) return problem + "\n" + pair.sim.tail();
  auto view = pair.a.view();
  if (view.ike_sas[0].suite != suite.ike) return "another IKE suite";
  if (view.child_sas[0].suite != suite.child || pair.b.view().child_sas[0].suite != suite.child)
    return "another ESP suite";
  if (view.child_sas[0].exchanged_group != suite.child.pfs) return "another PFS group";
  if (view.child_sas[0].inbound_spi == first) return "no new pair";
  return "";
}

TEST(Product, HasTheSizeOfThePolicySchema) {
  EXPECT_EQ(ike_suites().size(), 120u);
  EXPECT_EQ(esp_suites().size(), 21u);
  EXPECT_EQ(pfs_groups().size(), 7u);
}

TEST(Product, EachCellNegotiatesAndRekeys) {
  auto context = crypto::Context::seeded(1).value();
  const auto ikes = ike_suites();
  const auto esps = esp_suites();
  const auto groups = pfs_groups();
  size_t cells = 0;
  size_t failures = 0;
  for (const auto& ike : ikes)
    for (const auto& esp : esps)
      for (const auto* group : groups) {
        Suite suite{ike, esp};
        suite.child.pfs = group;
        std::string problem = run_cell(*context, suite, ++cells);
        if (problem.empty()) continue;
        ADD_FAILURE() << name_of(suite) << ": " << problem;
        ASSERT_LT(++failures, 10u) << "and so on";
      }
  std::printf("%zu cells\n", cells);
  EXPECT_EQ(cells, 17640u);
}

}  // namespace
}  // namespace hawser::sim
