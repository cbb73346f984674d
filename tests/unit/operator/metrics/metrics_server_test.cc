#include "operator/metrics/metrics_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/kube/cpprest/cpprest_transport.h"

namespace hawser::metrics {
namespace {

using ::testing::HasSubstr;

TEST(MetricsServer, ServesWhatIsKnownAtTheScrape) {
  auto stats = std::make_shared<OperatorStats>();
  stats->sidecars.push_back({"node-a", true, 3, 2});
  auto server = MetricsServer::start("127.0.0.1:0", [&] { return stats; });
  ASSERT_TRUE(server.has_value()) << server.error().message;
  auto client = kube::CpprestTransport::create("http://127.0.0.1:" + std::to_string((*server)->port()), {});
  auto first = (*client)->send({.path = "/metrics"});
  ASSERT_TRUE(first.has_value()) << first.error().message;
  EXPECT_THAT(first->body, HasSubstr("hawser_operator_config_applied_generation{node=\"node-a\"} 2\n"));
  auto later = std::make_shared<OperatorStats>(*stats);
  later->sidecars[0].node = "node-b";
  stats = later;
  auto second = (*client)->send({.path = "/metrics"});
  ASSERT_TRUE(second.has_value());
  EXPECT_THAT(second->body, HasSubstr("node=\"node-b\""));
  EXPECT_EQ(second->body.find("node-a"), std::string::npos) << "series of what is gone are gone";
}

TEST(MetricsServer, ReportsAnAddressItCannotHave) {
  auto stats = std::make_shared<const OperatorStats>();
  auto first = MetricsServer::start("127.0.0.1:0", [&] { return stats; });
  ASSERT_TRUE(first.has_value());
  const std::string taken = "127.0.0.1:" + std::to_string((*first)->port());
  auto second = MetricsServer::start(taken, [&] { return stats; });
  ASSERT_FALSE(second.has_value());
  EXPECT_THAT(second.error().message, HasSubstr("cannot serve metrics on " + taken));
}

}  // namespace
}  // namespace hawser::metrics
