#include "operator/app/runtime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "tests/support/pki/temp_dir.h"
#include "tests/support/sidecars/in_process_sidecar.h"

namespace hawser::app {
namespace {

using ::testing::HasSubstr;
using testing::InProcessSidecar;

// The whole operator over real folders and a real socket; the test is the sidecar.
class RuntimeTest : public ::testing::Test {
 protected:
  RuntimeTest() {
    const std::string examples = std::string(HAWSER_SOURCE_DIR) + "/examples/azure-stack-site6/";
    for (const char* file : {"connection.yaml", "network.yaml", "policy.yaml", "secret.yaml"})
      manifests_.write(file, testing::read_file(examples + file));
    options_.manifests = manifests_.path();
    options_.status = status_.path();
    options_.sidecars = {{.name = "left", .target = "unix:" + socket_.file("s")}};
    options_.metrics = ListenAddress{"127.0.0.1", 0};
    options_.health = std::nullopt;
    options_.identity = "test";
    v1::Hello hello;
    hello.set_identity("node-left");
    sidecar_.set_hello(hello);
  }
  ~RuntimeTest() override { stop(); }
  void start() {
    auto runtime = Runtime::start(options_, clock_, log_);
    ASSERT_TRUE(runtime.has_value()) << runtime.error().message;
    runtime_ = std::move(runtime).value();
    stop_fd_ = eventfd(0, EFD_CLOEXEC);
    thread_ = std::thread([this] { runtime_->run(stop_fd_); });
  }
  void stop() {
    if (!thread_.joinable()) return;
    const uint64_t one = 1;
    ASSERT_EQ(write(stop_fd_, &one, sizeof one), static_cast<ssize_t>(sizeof one));
    thread_.join();
    close(stop_fd_);
    runtime_.reset();
  }
  // Up to 10 s.
  static bool wait_until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
      if (std::chrono::steady_clock::now() >= deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }
  std::string status_text() const {
    return testing::read_file(status_.file("default/connections/vnet1tosite6.yaml"));
  }
  bool received(const std::function<bool(const v1::DesiredState&)>& condition) {
    return sidecar_.wait_until([&](const auto& messages) {
      const v1::DesiredState* state = testing::last_desired(messages);
      return state != nullptr && condition(*state);
    });
  }
  void say_established() {
    sidecar_.say(testing::ack_all(*testing::last_desired(sidecar_.received())));
    v1::SidecarMessage message;
    message.mutable_status()->set_full(true);
    v1::ConnectionStatus& status = *message.mutable_status()->add_connections();
    status.set_namespace_("default");
    status.set_name("vnet1tosite6");
    status.set_programmed(true);
    status.set_established_reason("Established");
    status.set_pfs_verified_reason("NotRequired");
    sidecar_.say(message);
  }

  testing::TempDir manifests_, status_, socket_;
  InProcessSidecar sidecar_{"unix:" + socket_.file("s")};
  SystemClock clock_;
  Log log_{LogLevel::Error, LogFormat::Text};
  Options options_;
  std::unique_ptr<Runtime> runtime_;
  int stop_fd_ = -1;
  std::thread thread_;
};

TEST_F(RuntimeTest, GoesFromManifestsToTheSidecarAndBackToStatus) {
  start();
  ASSERT_TRUE(received([](const auto& state) {
    return state.entries_size() == 1 && state.entries(0).spec().remote_address() == "131.107.72.22";
  }));
  say_established();
  EXPECT_TRUE(wait_until([&] {
    return status_text().find("connectionStatus: Connected") != std::string::npos;
  })) << status_text();
  EXPECT_TRUE(wait_until([&] { return runtime_->stats()->sidecars.at(0).applied_generation > 0; }));
}

TEST_F(RuntimeTest, AnEditReachesTheSidecarAndABrokenOneDoesNot) {
  start();
  ASSERT_TRUE(received([](const auto& state) { return state.entries_size() == 1; }));
  const std::string good = testing::read_file(manifests_.file("connection.yaml"));
  manifests_.write("connection.yaml", good + "  dpdTimeoutSeconds: 60\n");
  ASSERT_TRUE(
      received([](const auto& state) { return state.entries(0).spec().dpd_timeout_seconds() == 60; }));
  const size_t messages = sidecar_.received().size();
  manifests_.write("connection.yaml", "kind: [");
  EXPECT_TRUE(wait_until([&] { return status_text().find("not valid YAML") != std::string::npos; }));
  EXPECT_EQ(sidecar_.received().size(), messages);
}

TEST_F(RuntimeTest, JudgesAnewWithoutAReasonAndWritesAndSendsNothing) {
  options_.resync_period = std::chrono::milliseconds(20);
  start();
  ASSERT_TRUE(received([](const auto& state) { return state.entries_size() == 1; }));
  say_established();
  ASSERT_TRUE(wait_until([&] {
    return status_text().find("connectionStatus: Connected") != std::string::npos;
  })) << status_text();
  auto passes_on = [&](uint64_t more) {
    const uint64_t before = runtime_->stats()->reconciles_ok;
    return wait_until([&] { return runtime_->stats()->reconciles_ok >= before + more; });
  };
  ASSERT_TRUE(passes_on(2)) << "what was said last is dealt with";
  const std::string file = status_.file("default/connections/vnet1tosite6.yaml");
  struct stat before {
  }, after{};
  ASSERT_EQ(stat(file.c_str(), &before), 0);
  const size_t messages = sidecar_.received().size();
  EXPECT_TRUE(passes_on(10));
  EXPECT_EQ(sidecar_.received().size(), messages);
  ASSERT_EQ(stat(file.c_str(), &after), 0);
  // A file that is written is another one, and a newer one.
  EXPECT_EQ(before.st_ino, after.st_ino);
  EXPECT_EQ(before.st_mtim.tv_sec, after.st_mtim.tv_sec);
  EXPECT_EQ(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

TEST_F(RuntimeTest, StoppingRemovesNothingAndTheNextStartHasAHigherEpoch) {
  start();
  ASSERT_TRUE(received([](const auto& state) { return state.entries_size() == 1 && state.epoch() == 1; }));
  stop();
  for (const auto& message : sidecar_.received()) {
    if (message.has_desired_state()) {
      EXPECT_EQ(message.desired_state().entries_size(), 1);
    }
  }
  EXPECT_THAT(status_text(), HasSubstr("kind: Connection"));
  start();
  EXPECT_TRUE(received([](const auto& state) { return state.entries_size() == 1 && state.epoch() == 2; }));
}

TEST_F(RuntimeTest, SaysInOneLineWhyItCannotStart) {
  options_.manifests = manifests_.file("none");
  auto runtime = Runtime::start(options_, clock_, log_);
  ASSERT_FALSE(runtime.has_value());
  EXPECT_THAT(runtime.error().message, HasSubstr("--manifests '" + options_.manifests + "' is not a folder"));
  options_.manifests = manifests_.path();
  start();
  auto second = Runtime::start(options_, clock_, log_);
  ASSERT_FALSE(second.has_value());
  EXPECT_THAT(second.error().message, HasSubstr("in use by another hawser-operator"));
}

}  // namespace
}  // namespace hawser::app
