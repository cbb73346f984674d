#include "operator/app/cluster_backend.h"

#include <gtest/gtest.h>

#include "tests/support/kube/model_client.h"

namespace hawser::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class FakeClock final : public Clock {
 public:
  TimePoint now() const override { return time.monotonic; }
  WallTime wall_now() const override { return time.wall; }
  store::Now time{TimePoint(seconds(1000)), WallTime(seconds(1'800'000'000))};
};

// On a model of the API server, without election.
class ClusterBackendTest : public ::testing::Test {
 protected:
  ClusterBackendTest() {
    ClusterBackend::Options options;
    options.identity = "op";
    options.namespace_ = "hawser-system";
    options.leader_elect = false;
    options.sidecars = cluster::SidecarDirectory::Options{.namespace_ = "hawser-system", .selector = ""};
    auto client = std::make_unique<kube::ModelClient>(server_, 7);
    client_ = client.get();
    backend_ = std::make_unique<ClusterBackend>(std::move(client), nullptr, options, 7, clock_);
  }
  // Until it may act; how many turns of the loop that took, 1000 at most.
  int turn_until_it_acts() {
    int turns = 0;
    while (turns < 1000 && backend_->duty(clock_.now()) != Backend::Duty::Act) {
      backend_->poll(clock_.time);
      clock_.time.monotonic += milliseconds(50);
      clock_.time.wall += milliseconds(50);
      ++turns;
    }
    return turns;
  }

  kube::ModelServer server_;
  FakeClock clock_;
  kube::ModelClient* client_ = nullptr;
  std::unique_ptr<ClusterBackend> backend_;
};

TEST_F(ClusterBackendTest, ActsOnceItHasACertificateForTheSidecars) {
  client_->faults.latency = milliseconds(300);
  ASSERT_LT(turn_until_it_acts(), 1000);
  ASSERT_NE(backend_->identity()->get(), nullptr);
  EXPECT_TRUE(backend_->take_sidecars(clock_.now()).has_value()) << "it is told who they are from the start";
}

TEST_F(ClusterBackendTest, ActsWithoutOneWhereItCannotHaveOne) {
  server_.put("/api/v1/namespaces/hawser-system/secrets/hawser-ca",
              {{"metadata", {{"name", "hawser-ca"}, {"namespace", "hawser-system"}}},
               {"data", {{"tls.crt", "no certificate"}}}});
  ASSERT_LT(turn_until_it_acts(), 1000);
  EXPECT_EQ(backend_->identity()->get(), nullptr);
  EXPECT_EQ(backend_->readiness(), "") << "for a moment";
  for (int i = 0; i < 70; ++i) {
    clock_.time.monotonic += seconds(1);
    clock_.time.wall += seconds(1);
    backend_->poll(clock_.time);
  }
  EXPECT_NE(backend_->readiness().find("the certificates of the sidecars: "), std::string::npos)
      << backend_->readiness();
}

}  // namespace
}  // namespace hawser::app
