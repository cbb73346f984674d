#include "operator/controller/controller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/store/clone.h"
#include "operator/store/manifest_folder.h"
#include "operator/store/status_folder.h"
#include "tests/support/pki/temp_dir.h"
#include "tests/support/sidecars/fake_sidecar_client.h"
#include "tests/support/sidecars/in_process_sidecar.h"

namespace hawser::controller {
namespace {

using std::chrono::seconds;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;

// The real folders and the controller, with a fake sidecar.
class ControllerTest : public ::testing::Test {
 protected:
  ControllerTest() {
    const std::string examples = std::string(HAWSER_SOURCE_DIR) + "/examples/azure-stack-site6/";
    for (const char* file : {"connection.yaml", "network.yaml", "policy.yaml", "secret.yaml"})
      dir_.write(file, testing::read_file(examples + file));
    auto client =
        std::make_unique<testing::FakeSidecarClient>("left", sidecars::SyncSession::Identity{"t", 1, "op"});
    sidecar_ = client.get();
    fleet_.add("left", std::move(client));
    manifests_->poll(now());
  }
  store::Now now() const { return {TimePoint(seconds(clock_)), WallTime(seconds(1'000'000'000 + clock_))}; }
  PassReport run() { return controller_->run(now()); }
  void connect() {
    v1::Hello hello;
    hello.set_identity("node-left");
    sidecar_->connect(hello);
  }
  // `failed_at`: when the last negotiation failed; 0: none has.
  void say(const std::string& established, int64_t failed_at = 0) {
    v1::SidecarMessage message;
    message.mutable_status()->set_full(true);
    v1::ConnectionStatus& status = *message.mutable_status()->add_connections();
    status.set_namespace_("default");
    status.set_name("vnet1tosite6");
    status.set_programmed(true);
    status.set_established_reason(established);
    status.set_pfs_verified_reason("NotRequired");
    if (failed_at != 0) {
      status.mutable_last_failure()->set_reason(established);
      status.mutable_last_failure()->mutable_time()->set_seconds(failed_at);
    }
    sidecar_->say(message);
  }
  const api::Status& status() const {
    return controller_->statuses().at({api::Kind::Connection, "default", "vnet1tosite6"})->status;
  }
  size_t states_sent() const {
    return static_cast<size_t>(
        std::ranges::count_if(sidecar_->received(), [](const auto& m) { return m.has_desired_state(); }));
  }

  int clock_ = 1000;
  testing::TempDir dir_;
  testing::TempDir status_dir_;
  std::unique_ptr<store::StatusFolder> sink_ = store::StatusFolder::open(status_dir_.path()).value();
  std::unique_ptr<store::ManifestFolder> manifests_ =
      store::ManifestFolder::open(dir_.path(), *sink_).value();
  sidecars::Fleet fleet_;
  testing::FakeSidecarClient* sidecar_;
  std::unique_ptr<Controller> controller_ = std::make_unique<Controller>(*manifests_, *sink_, fleet_);
};

// What a test says it has.
class GivenSource final : public store::ObjectSource {
 public:
  int event_fd() const override { return -1; }
  std::optional<TimePoint> next_deadline() const override { return std::nullopt; }
  bool poll(store::Now) override { return true; }
  std::shared_ptr<const store::SourceSnapshot> snapshot() const override { return given; }
  std::vector<store::Notice> take_notices() override { return {}; }

  std::shared_ptr<store::SourceSnapshot> given = std::make_shared<store::SourceSnapshot>();
};

TEST_F(ControllerTest, SendsTheWalkthroughExactly) {
  connect();
  run();
  const v1::DesiredState* state = testing::last_desired(sidecar_->received());
  ASSERT_NE(state, nullptr);
  ASSERT_EQ(state->entries_size(), 1);
  const auto& entry = state->entries(0);
  EXPECT_EQ(entry.namespace_() + "/" + entry.name(), "default/vnet1tosite6");
  EXPECT_FALSE(entry.uid().empty());
  const v1::ConnectionSpec& spec = entry.spec();
  EXPECT_EQ(spec.local_address(), "192.0.2.10");
  EXPECT_EQ(spec.remote_address(), "131.107.72.22");
  EXPECT_EQ(spec.shared_key(), "Azs123");
  EXPECT_EQ(spec.mode(), v1::CONNECTION_MODE_DEFAULT);
  EXPECT_EQ(spec.dpd_timeout_seconds(), 45u);
  EXPECT_EQ(spec.policy().ike_encryption(), "AES128");
  EXPECT_EQ(spec.policy().ike_integrity(), "SHA1");
  EXPECT_EQ(spec.policy().dh_group(), "DHGroup14");
  EXPECT_EQ(spec.policy().ipsec_encryption(), "AES256");
  EXPECT_EQ(spec.policy().ipsec_integrity(), "SHA256");
  EXPECT_EQ(spec.policy().pfs_group(), "None");
  EXPECT_EQ(spec.policy().sa_life_time_seconds(), 14400u);
  EXPECT_EQ(spec.policy().sa_data_size_kilobytes(), 102400000u);
  EXPECT_THAT(spec.local_prefixes(), ::testing::ElementsAre("10.11.0.0/16", "10.12.0.0/16"));
  EXPECT_THAT(spec.remote_prefixes(), ::testing::ElementsAre("10.61.0.0/16", "10.62.0.0/16"));
}

TEST_F(ControllerTest, GoesFromManifestsToAStatusFile) {
  connect();
  run();
  sidecar_->say(testing::ack_all(*testing::last_desired(sidecar_->received())));
  say("Established");
  ++clock_;
  run();
  EXPECT_EQ(status().connection_status, "Connected");
  const std::string text = testing::read_file(status_dir_.file("default/connections/vnet1tosite6.yaml"));
  EXPECT_THAT(text, HasSubstr("connectionStatus: Connected"));
  EXPECT_THAT(text, HasSubstr("node: node-left"));
}

TEST_F(ControllerTest, AQuietSystemWritesAndSendsNothing) {
  connect();
  run();
  sidecar_->say(testing::ack_all(*testing::last_desired(sidecar_->received())));
  say("Established");
  EXPECT_GT(run().writes, 0u);
  const size_t sent = states_sent();
  for (int i = 0; i < 5; ++i) {
    clock_ += 60;
    manifests_->poll(now());
    EXPECT_EQ(run().writes, 0u);
  }
  EXPECT_EQ(states_sent(), sent);
}

TEST_F(ControllerTest, APeerThatStaysDownIsWrittenOnceIn10Minutes) {
  connect();
  run();
  sidecar_->say(testing::ack_all(*testing::last_desired(sidecar_->received())));
  say("PeerUnreachable", 1'000'000'000);
  EXPECT_EQ(run().writes, 2u) << "of the connection and of its gateway";
  uint64_t writes = 0;
  for (int64_t passed = 8; passed <= 1208; passed += 8) {
    clock_ += 8;
    say("PeerUnreachable", 1'000'000'000 + passed);
    writes += run().writes;
  }
  EXPECT_EQ(writes, 2u);
  EXPECT_EQ(status().last_failure->time, "2001-09-09T02:06:40Z");
}

TEST_F(ControllerTest, TheRulesAreAskedAboutNewObjectsOrWhenToldTo) {
  connect();
  run();  // its own statuses are news to the rules
  run();
  EXPECT_FALSE(run().asked_rules);
  controller_->judge_anew();
  const PassReport anew = run();
  EXPECT_TRUE(anew.asked_rules);
  EXPECT_EQ(anew.writes, 0u) << "they say the same";
  EXPECT_FALSE(run().asked_rules) << "once";
}

TEST_F(ControllerTest, RemovesTheStatusWithTheObject) {
  connect();
  run();
  std::remove(dir_.file("connection.yaml").c_str());
  clock_ += 20;
  ASSERT_TRUE(manifests_->poll(now()));
  run();
  EXPECT_EQ(testing::last_desired(sidecar_->received())->entries_size(), 0);
  EXPECT_EQ(testing::read_file(status_dir_.file("default/connections/vnet1tosite6.yaml")), "");
}

TEST_F(ControllerTest, TriesAgainWhenAStatusCannotBeWritten) {
  // A file stands where the folder of the namespace should be.
  status_dir_.write("default", "");
  connect();
  PassReport report = run();
  EXPECT_EQ(report.errors, 5u);
  ASSERT_TRUE(report.again_at);
  EXPECT_GT(*report.again_at, now().monotonic);
  EXPECT_EQ(states_sent(), 1u) << "tunnels do not wait for disks";
  std::remove(status_dir_.file("default").c_str());
  EXPECT_EQ(run().writes, 5u);
}

TEST_F(ControllerTest, ASecondStartChangesNoTransitionTime) {
  connect();
  run();
  sidecar_->say(testing::ack_all(*testing::last_desired(sidecar_->received())));
  say("Established");
  run();
  const api::Status before = status();
  controller_.reset();
  manifests_.reset();
  sink_.reset();
  sink_ = store::StatusFolder::open(status_dir_.path()).value();
  manifests_ = store::ManifestFolder::open(dir_.path(), *sink_).value();
  clock_ += 600;
  manifests_->poll(now());
  controller_ = std::make_unique<Controller>(*manifests_, *sink_, fleet_);
  run();
  sidecar_->say(testing::ack_all(*testing::last_desired(sidecar_->received())));
  EXPECT_EQ(run().writes, 0u);
  EXPECT_EQ(status(), before);
}

TEST_F(ControllerTest, NeverShowsTheSharedKey) {
  dir_.write("secret.yaml",
             "apiVersion: v1\nkind: Secret\nmetadata:\n  name: site6-psk\nstringData:\n  psk: \"c4n4ry \"\n");
  clock_ += 20;
  manifests_->poll(now());
  connect();
  PassReport report = run();
  EXPECT_EQ(status().find(catalog::ConditionType::ResolvedRefs)->status, api::ConditionStatus::False);
  for (const auto& notice : report.notices)
    EXPECT_EQ(notice.text.find("c4n4ry"), std::string::npos) << notice.text;
  for (const auto& [key, object] : controller_->statuses())
    for (const auto& condition : object->status.conditions)
      EXPECT_EQ(condition.message.find("c4n4ry"), std::string::npos) << condition.message;
}

TEST_F(ControllerTest, AnObjectMadeAgainWithATextThatIsNoGoodHasNothingOfTheFirst) {
  GivenSource source;
  source.given->objects = store::clone(manifests_->snapshot()->objects);
  source.given->objects.connections.at("default/vnet1tosite6").meta.uid = "first";
  Controller controller(source, *sink_, fleet_);
  connect();
  controller.run(now());
  ASSERT_TRUE(sidecar_->received().back().desired_state().entries(0).has_spec());

  source.given = std::make_shared<store::SourceSnapshot>();
  source.given->objects = store::clone(manifests_->snapshot()->objects);
  source.given->objects.connections.clear();
  source.given->broken[{api::Kind::Connection, "default", "vnet1tosite6"}] = {"unreadable", "second", 1};
  controller.run(now());
  for (const auto& entry : sidecar_->received().back().desired_state().entries())
    EXPECT_FALSE(entry.has_spec()) << "the key of the object that is gone";
}

}  // namespace
}  // namespace hawser::controller
