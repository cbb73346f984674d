#include "operator/sidecars/sync_session.h"

#include <gtest/gtest.h>

#include "operator/sidecars/texts.h"
#include "tests/unit/operator/sidecars/samples.h"

namespace hawser::sidecars {
namespace {

using std::chrono::seconds;

class SyncSessionTest : public ::testing::Test {
 protected:
  void say_hello(const std::vector<std::string>& held = {}) {
    v1::SidecarMessage message;
    *message.mutable_hello() = sidecar_hello(held);
    session_.handle_message(now_, message);
  }
  void open_and_greet(const std::vector<std::string>& held = {}) {
    session_.handle_open(now_);
    auto hello = session_.poll_transmit();
    ASSERT_TRUE(hello && hello->has_hello());
    say_hello(held);
  }
  v1::DesiredState next_state() {
    auto message = session_.poll_transmit();
    EXPECT_TRUE(message && message->has_desired_state());
    return message ? message->desired_state() : v1::DesiredState{};
  }
  void ack(const v1::DesiredState& state, const std::string& code = "OK") {
    v1::SidecarMessage message;
    message.mutable_ack()->set_generation(state.generation());
    for (const auto& e : state.entries()) {
      v1::Ack::Entry& out = *message.mutable_ack()->add_entries();
      out.set_namespace_(e.namespace_());
      out.set_name(e.name());
      out.set_code(code);
    }
    session_.handle_message(now_, message);
  }

  TimePoint now_{seconds(100)};
  SyncSession session_{"node-a", {"v1", 7, "op"}, Backoff({}, std::make_shared<SeededJitter>(1))};
};

TEST_F(SyncSessionTest, SaysHelloFirstWithItsEpoch) {
  session_.set_desired({{entry("a", 1)}});
  session_.handle_open(now_);
  auto message = session_.poll_transmit();
  ASSERT_TRUE(message && message->has_hello());
  EXPECT_EQ(message->hello().epoch(), 7u);
  EXPECT_FALSE(session_.poll_transmit()) << "the state waits for the sidecar's Hello";
}

TEST_F(SyncSessionTest, SendsNothingBeforeAnythingIsWanted) {
  open_and_greet({"a"});
  EXPECT_FALSE(session_.poll_transmit());
}

TEST_F(SyncSessionTest, SendsTheWholeStateWithGrowingGenerationsOfOneEpoch) {
  session_.set_desired({{entry("a", 1), hold("b")}});
  open_and_greet();
  v1::DesiredState first = next_state();
  EXPECT_EQ(first.epoch(), 7u);
  EXPECT_EQ(first.entries_size(), 2);
  EXPECT_EQ(first.entries(0).spec().remote_address(), "192.0.2.1");
  EXPECT_TRUE(first.entries(1).has_hold());
  session_.set_desired({{entry("a", 2)}});
  v1::DesiredState second = next_state();
  EXPECT_EQ(second.entries_size(), 1);
  EXPECT_GT(second.generation(), first.generation());
  session_.handle_closed(now_, false, "gone");
  open_and_greet();
  EXPECT_GT(next_state().generation(), second.generation());
}

TEST_F(SyncSessionTest, ForgetsTheStatusOfAConnectionThatIsRemoved) {
  v1::SidecarMessage status;
  auto& connection = *status.mutable_status()->add_connections();
  connection.set_namespace_("default");
  connection.set_name("a");
  connection.set_established_reason("Established");
  session_.set_desired({{entry("a", 1)}});
  open_and_greet();
  next_state();
  session_.handle_message(now_, status);
  EXPECT_EQ(session_.snapshot().statuses.size(), 1u);
  session_.set_desired({{}});
  next_state();
  EXPECT_TRUE(session_.snapshot().statuses.empty());
  session_.handle_message(now_, status);
  EXPECT_TRUE(session_.snapshot().statuses.empty()) << "it crossed the message that removed the connection";
  session_.set_desired({{entry("a", 2)}});
  next_state();
  EXPECT_TRUE(session_.snapshot().statuses.empty()) << "the new one has not been heard of";
}

TEST_F(SyncSessionTest, HoldsWhatTheSidecarHasWhileNotEverythingIsKnown) {
  session_.set_desired({{entry("a", 1)}, true});
  open_and_greet({"a", "b"});
  v1::DesiredState state = next_state();
  ASSERT_EQ(state.entries_size(), 2);
  EXPECT_TRUE(state.entries(0).has_spec());
  EXPECT_EQ(state.entries(1).name(), "b");
  EXPECT_EQ(state.entries(1).uid(), "uid-b");
  EXPECT_TRUE(state.entries(1).has_hold());
}

TEST_F(SyncSessionTest, RemembersWhichRevisionWasAcknowledged) {
  session_.set_desired({{entry("a", 3)}});
  open_and_greet();
  v1::DesiredState state = next_state();
  session_.set_desired({{entry("a", 4)}});
  v1::DesiredState newer = next_state();
  ack(state);
  EXPECT_EQ(session_.snapshot().acked.at("default/a").revision, 3u);
  EXPECT_EQ(session_.snapshot().applied_generation, state.generation());
  ack(newer, "UNSUPPORTED");
  EXPECT_EQ(session_.snapshot().acked.at("default/a").revision, 4u);
  EXPECT_EQ(session_.snapshot().acked.at("default/a").code, "UNSUPPORTED");
}

TEST_F(SyncSessionTest, IgnoresAcksOfWhatItDidNotSend) {
  session_.set_desired({{entry("a", 1)}});
  open_and_greet();
  v1::DesiredState state = next_state();
  v1::DesiredState other = state;
  other.set_generation(state.generation() + 50);
  ack(other);
  EXPECT_EQ(session_.snapshot().applied_generation, 0u);
  state.mutable_entries(0)->set_name("stranger");
  ack(state);
  EXPECT_TRUE(session_.snapshot().acked.empty());
}

TEST_F(SyncSessionTest, ForgetsAcksWithTheStreamButKeepsTheLastStatus) {
  session_.set_desired({{entry("a", 1)}});
  open_and_greet();
  ack(next_state());
  session_.handle_message(now_, status_of("a", "Established", true));
  session_.handle_closed(now_, false, "broken");
  EXPECT_EQ(session_.snapshot().state, LinkState::Unreachable);
  EXPECT_EQ(session_.snapshot().message, "broken");
  EXPECT_EQ(session_.snapshot().statuses.at("default/a").established_reason(), "Established");
  open_and_greet();
  EXPECT_TRUE(session_.snapshot().acked.empty());
  EXPECT_FALSE(session_.snapshot().status_known);
}

TEST_F(SyncSessionTest, AFullStatusReplacesAndALaterOneAdds) {
  open_and_greet();
  session_.handle_message(now_, status_of("a", "Connecting", true));
  session_.handle_message(now_, status_of("b", "Connecting", false));
  EXPECT_EQ(session_.snapshot().statuses.size(), 2u);
  session_.handle_message(now_, status_of("b", "Established", true));
  EXPECT_EQ(session_.snapshot().statuses.size(), 1u);
}

TEST_F(SyncSessionTest, WaitsLongerAfterARefusal) {
  session_.handle_open(now_);
  session_.handle_closed(now_, false, "no such file");
  EXPECT_LT(session_.next_attempt(), now_ + seconds(1));
  session_.handle_open(now_);
  session_.handle_closed(now_, true, "epoch 9 is in force");
  EXPECT_EQ(session_.snapshot().state, LinkState::Refused);
  EXPECT_GE(session_.next_attempt(), now_ + seconds(24));
}

TEST_F(SyncSessionTest, WaitsLongerForWhomTheTransportAccuses) {
  open_and_greet();
  session_.accuse("a message of a gigabyte");
  session_.handle_closed(now_, false, "cancelled");
  EXPECT_EQ(session_.snapshot().state, LinkState::Unreachable);
  EXPECT_EQ(session_.snapshot().message, "a message of a gigabyte");
  EXPECT_GE(session_.next_attempt(), now_ + seconds(24));
  session_.handle_closed(now_, false, "no such file");  // no stream came to be
  EXPECT_EQ(session_.snapshot().message, "no such file") << "the accusation was of the last stream";
}

TEST_F(SyncSessionTest, SinceMovesOnlyWithTheState) {
  session_.handle_open(now_);
  session_.handle_closed(now_, false, "no such file");
  session_.handle_open(now_ + seconds(5));
  session_.handle_closed(now_ + seconds(5), false, "no such file");
  EXPECT_EQ(session_.snapshot().since, now_);
}

TEST_F(SyncSessionTest, WhatComesBeforeHelloEndsTheStream) {
  session_.set_desired({{entry("a", 1)}});
  session_.handle_open(now_);
  session_.handle_message(now_, status_of("a", "Established", true));
  EXPECT_EQ(session_.violation(), "the sidecar's first message is not Hello");
  say_hello();
  EXPECT_FALSE(session_.poll_transmit()) << "nothing is sent on a stream that ends";
  session_.handle_closed(now_, true, "cancelled");
  EXPECT_EQ(session_.snapshot().state, LinkState::Unreachable);
  EXPECT_EQ(session_.snapshot().message, "the sidecar's first message is not Hello");
  EXPECT_TRUE(session_.snapshot().statuses.empty());
  EXPECT_GE(session_.next_attempt(), now_ + seconds(24)) << "it will do so again";
  open_and_greet();
  EXPECT_EQ(session_.violation(), "");
  EXPECT_EQ(next_state().entries_size(), 1);
}

TEST_F(SyncSessionTest, ASecondHelloEndsTheStreamAndChangesNothing) {
  open_and_greet({"a"});
  session_.set_desired({{}, true});
  EXPECT_EQ(next_state().entries_size(), 1);
  now_ += seconds(5);
  say_hello({"a", "b"});
  EXPECT_EQ(session_.violation(), "the sidecar says Hello twice");
  EXPECT_EQ(session_.snapshot().since, now_ - seconds(5));
  session_.set_desired({{}, true});
  EXPECT_FALSE(session_.poll_transmit());
}

TEST_F(SyncSessionTest, InAClusterNothingIsSentToTheSidecarOfAnotherNode) {
  for (const char* wanted : {"node-a", "node-b"}) {
    const std::string node = wanted;
    SyncSession session("name", {"v1", 7, "op"}, Backoff({}, std::make_shared<SeededJitter>(1)), node);
    session.set_desired({{entry("a", 1)}});
    session.handle_open(now_);
    EXPECT_TRUE(session.poll_transmit()->has_hello());
    v1::SidecarMessage message;
    *message.mutable_hello() = sidecar_hello();  // of node-a
    session.handle_message(now_, message);
    EXPECT_EQ(session.poll_transmit().has_value(), node == "node-a");
    EXPECT_EQ(session.snapshot().state, node == "node-a" ? LinkState::Connected : LinkState::Connecting);
    if (node == "node-a") continue;
    EXPECT_EQ(session.violation(),
              "the sidecar that answers says it is on node node-a, not node-b: nothing is sent to it");
    const std::string why = session.violation();
    session.handle_closed(now_, false, "cancelled");
    EXPECT_EQ(session.snapshot().message, why);
  }
}

TEST_F(SyncSessionTest, KeepsNothingOfWhatNobodyAskedAbout) {
  open_and_greet({"held"});
  session_.handle_message(now_, status_of("held", "Established", true));
  for (int i = 0; i < 5000; ++i)
    session_.handle_message(now_, status_of("stranger" + std::to_string(i), "Established", false));
  EXPECT_LE(session_.snapshot().statuses.size(), 1001u);
  session_.handle_message(now_, status_of("a\nb", "Established", true));
  EXPECT_TRUE(session_.snapshot().statuses.empty()) << "no object has such a name";
  v1::SidecarMessage too_much;
  for (int i = 0; i < 20'001; ++i) too_much.mutable_hello()->add_held()->set_name("a");
  session_.handle_open(now_);
  session_.handle_message(now_, too_much);
  EXPECT_EQ(session_.violation(), "the sidecar says it holds 20001 connections");
}

TEST_F(SyncSessionTest, KeepsNoTextThatAStatusHasNoRoomFor) {
  open_and_greet();
  v1::SidecarMessage message = status_of("a", std::string(100, 'e'), true);
  v1::ConnectionStatus& told = *message.mutable_status()->mutable_connections(0);
  told.set_programmed_message(std::string(100'000, 'p'));
  told.mutable_last_failure()->set_peer_offered(std::string(5000, 'o'));
  told.mutable_last_failure()->set_message("short");
  told.mutable_negotiated()->mutable_ike()->set_role(std::string(100, 'r'));
  session_.handle_message(now_, message);
  const v1::ConnectionStatus kept = session_.snapshot().statuses.at("default/a");
  EXPECT_EQ(kept.established_reason(), std::string(61, 'e') + "…");
  EXPECT_EQ(kept.programmed_message(), std::string(2045, 'p') + "…");
  EXPECT_EQ(kept.last_failure().peer_offered(), std::string(509, 'o') + "…");
  EXPECT_EQ(kept.last_failure().message(), "short");
  EXPECT_EQ(kept.negotiated().ike().role().size(), 64u);
}

TEST(CapText, NeverCutsACharacterInTwo) {
  std::string text = "aaaöööö";
  cap_text(text, 9);
  EXPECT_EQ(text, "aaaö…");
  text = "aaaööö";
  cap_text(text, 9);
  EXPECT_EQ(text, "aaaööö");
}

TEST_F(SyncSessionTest, AStateThatIsNeverAcknowledgedIsForgottenInTime) {
  session_.set_desired({{entry("a", 1)}});
  open_and_greet();
  const v1::DesiredState first = next_state();
  v1::DesiredState last;
  for (SpecRevision revision = 2; revision <= 30; ++revision) {
    session_.set_desired({{entry("a", revision)}});
    last = next_state();
  }
  ack(first);
  EXPECT_EQ(session_.snapshot().applied_generation, 0u);
  ack(last);
  EXPECT_EQ(session_.snapshot().acked.at("default/a").revision, 30u);
}

TEST_F(SyncSessionTest, SaysOnceThatSomethingChanged) {
  (void)session_.take_changed();
  open_and_greet();
  EXPECT_TRUE(session_.take_changed());
  EXPECT_FALSE(session_.take_changed());
  session_.handle_closed(now_, false, "broken");
  EXPECT_TRUE(session_.take_changed());
  session_.handle_closed(now_, false, "broken");
  EXPECT_FALSE(session_.take_changed()) << "the same failure again is no news";
}

}  // namespace
}  // namespace hawser::sidecars
