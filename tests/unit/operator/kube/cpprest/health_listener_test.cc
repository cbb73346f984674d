#include "operator/kube/cpprest/health_listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/kube/cpprest/cpprest_transport.h"
#include "tests/unit/operator/kube/cpprest/scripted_server.h"

namespace hawser::kube {
namespace {

using ::testing::HasSubstr;

uint16_t free_port() {
  return ScriptedServer([](const std::string&) { return std::string(); }).port();
}

class HealthListenerTest : public ::testing::Test {
 protected:
  HealthListenerTest() {
    // The library cannot bind port 0; another process may take a free port between the two steps.
    for (int attempt = 0; attempt < 20 && !listener_; ++attempt) {
      port_ = free_port();
      auto started = HealthListener::start(
          "127.0.0.1", port_, {.healthy = [this] { return healthy_; }, .ready = [this] { return ready_; }});
      if (started) listener_ = std::move(started).value();
    }
  }
  HttpResponse get(const std::string& path) {
    auto transport = CpprestTransport::create("http://127.0.0.1:" + std::to_string(port_), {});
    auto response = (*transport)->send({.path = path});
    EXPECT_TRUE(response.has_value()) << response.error().message;
    return response ? *response : HttpResponse{};
  }
  std::string healthy_, ready_;
  uint16_t port_ = 0;
  std::unique_ptr<HealthListener> listener_;
};

TEST_F(HealthListenerTest, SaysOkWhenAllIsWell) {
  ASSERT_TRUE(listener_);
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_EQ(get("/readyz").body, "ok\n");
}

TEST_F(HealthListenerTest, SaysWhatIsNotReady) {
  ASSERT_TRUE(listener_);
  ready_ = "sidecar node-a is not connected";
  EXPECT_EQ(get("/healthz").status, 200);
  HttpResponse response = get("/readyz");
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.body, HasSubstr("node-a is not connected"));
}

TEST_F(HealthListenerTest, KnowsNoOtherPath) {
  ASSERT_TRUE(listener_);
  EXPECT_EQ(get("/").status, 404);
}

TEST_F(HealthListenerTest, ReportsAPortInUse) {
  ASSERT_TRUE(listener_);
  auto second = HealthListener::start("127.0.0.1", port_, {});
  ASSERT_FALSE(second.has_value());
  EXPECT_THAT(second.error().message, HasSubstr("cannot listen on 127.0.0.1:" + std::to_string(port_)));
}

}  // namespace
}  // namespace hawser::kube
