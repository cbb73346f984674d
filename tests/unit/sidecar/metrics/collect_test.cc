#include "sidecar/metrics/collect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "sidecar/metrics/exposition.h"
#include "sidecar/metrics/table.h"
#include "tests/unit/sidecar/status/sample.h"

namespace hawser::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The contract's list, word for word.
const std::vector<std::string> kContract = {"connection_configured",
                                            "connection_up",
                                            "connection_info",
                                            "connection_state",
                                            "connection_down_reason",
                                            "ike_sas",
                                            "child_sas",
                                            "ike_sa_info",
                                            "child_sa_info",
                                            "ike_sa_established_timestamp_seconds",
                                            "receive_bytes_total",
                                            "transmit_bytes_total",
                                            "receive_packets_total",
                                            "transmit_packets_total",
                                            "last_receive_timestamp_seconds",
                                            "dropped_packets_total",
                                            "negotiations_total",
                                            "rekeys_total",
                                            "ike_retransmits_total",
                                            "handshake_duration_seconds",
                                            "build_info"};

status::Snapshot two_connections() {
  status::Ledger ledger;
  ledger.open("ns/up");
  ledger.fold(ike::NegotiationFinished{"ns/up", wire::ExchangeType::IkeAuth, sa::Role::Responder, {}, {}});
  ledger.fold(ike::NegotiationFinished{
      "ns/up", wire::ExchangeType::IkeSaInit, sa::Role::Responder, status::sample_failure(), {}});
  ledger.fold(ike::Rekeyed{"ns/up", false, sa::Role::Initiator, true});
  ledger.fold(ike::Retransmitted{"ns/up"});
  ledger.fold(ike::HandshakeCompleted{"ns/up", sa::Role::Responder, std::chrono::milliseconds(20)});
  status::Inputs inputs;
  inputs.configured = {status::sample_configured("ns/up"), status::sample_configured("ns/down")};
  inputs.views = {status::sample_view("ns/up")};
  inputs.tallies = &ledger.tallies();
  auto& counters = inputs.counters["ns/up"];
  counters.receive_bytes = 1000;
  counters.receive_packets = 10;
  counters.transmit_bytes = 2000;
  counters.transmit_packets = 20;
  counters.last_receive = WallTime(std::chrono::seconds(1'700'000'200));
  counters.dropped_inbound[static_cast<size_t>(dataplane::DropReason::Replay)] = 3;
  counters.dropped_outbound[static_cast<size_t>(dataplane::DropReason::NoSa)] = 4;
  inputs.anchor = status::sample_anchor();
  inputs.version = "0.1.0";
  auto down = ike::ConnectionView{};
  down.name = "ns/down";
  down.reason = catalog::Reason::PeerUnreachable;
  inputs.views.push_back(down);
  return status::fold(std::move(inputs));
}

std::string read(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(MetricsTable, IsTheContractsList) {
  std::vector<std::string> names;
  for (const auto& row : kMetrics) names.emplace_back(row.name);
  EXPECT_EQ(names, kContract);
  EXPECT_EQ(kMetrics.size(), static_cast<size_t>(Metric::kCount));
  for (size_t i = 0; i < kMetrics.size(); ++i) EXPECT_EQ(static_cast<size_t>(kMetrics[i].metric), i);
}

TEST(MetricsTable, CountersAndOnlyTheyEndInTotal) {
  for (const auto& row : kMetrics)
    EXPECT_EQ(row.type == Type::Counter, row.name.ends_with("_total")) << row.name;
}

TEST(Collect, EveryFamilyIsExportedEvenWithoutConnections) {
  const auto families = collect(status::sample_snapshot({}, {}));
  ASSERT_EQ(families.size(), kContract.size());
  for (size_t i = 0; i < families.size(); ++i) EXPECT_EQ(families[i].name, "hawser_" + kContract[i]);
}

TEST(Collect, AConfiguredConnectionHasAllItsSeriesUpOrDown) {
  const auto families = collect(two_connections());
  for (const auto& family : families) {
    if (family.name == "hawser_build_info" || family.name.starts_with("hawser_ike_sa_info") ||
        family.name.starts_with("hawser_child_sa_info")) {
      continue;
    }
    std::map<std::string, int> series;
    for (const auto& metric : family.metric) ++series[metric.label[1].value];
    EXPECT_GT(series["up"], 0) << family.name;
    EXPECT_EQ(series["up"], series["down"]) << family.name;
  }
}

TEST(Collect, NoTwoSeriesAreTheSame) {
  for (const auto& family : collect(two_connections())) {
    std::set<std::vector<prometheus::ClientMetric::Label>> seen;
    for (const auto& metric : family.metric) EXPECT_TRUE(seen.insert(metric.label).second) << family.name;
  }
}

TEST(Collect, StateAndReasonAreSetsWithOneMember) {
  for (const auto& family : collect(two_connections())) {
    if (family.name != "hawser_connection_state" && family.name != "hawser_connection_down_reason") continue;
    std::map<std::string, double> sum;
    for (const auto& metric : family.metric) sum[metric.label[1].value] += metric.gauge.value;
    EXPECT_EQ(sum["up"], family.name == "hawser_connection_state" ? 1 : 0);
    EXPECT_EQ(sum["down"], 1);
  }
}

TEST(Collect, MatchesTheGoldenExposition) {
  const std::string path = std::string(HAWSER_SOURCE_DIR) + "/tests/unit/sidecar/metrics/golden.txt";
  const std::string text = to_text(two_connections());
  if (std::getenv("HAWSER_WRITE_GOLDEN") != nullptr) std::ofstream(path) << text;
  EXPECT_EQ(text, read(path)) << "if the change is meant: HAWSER_WRITE_GOLDEN=1, then read the difference";
}

TEST(Collect, HoldsNoSpiAndNoUid) {
  const std::string text = to_text(two_connections());
  EXPECT_THAT(text, Not(HasSubstr("feedface")));
  EXPECT_THAT(text, Not(HasSubstr("uid-")));
}

}  // namespace
}  // namespace hawser::metrics
