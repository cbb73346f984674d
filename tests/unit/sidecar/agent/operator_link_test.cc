#include "sidecar/agent/operator_link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sidecar/status/sample.h"

namespace hawser::agent {
namespace {

using status::at;
using ::testing::HasSubstr;

struct FakeStream final : SyncStream {
  std::vector<v1::SidecarMessage> sent;
  int reads = 0;
  std::optional<Error> finished;
  bool is_idle = true;
  void send(v1::SidecarMessage message) override { sent.push_back(std::move(message)); }
  void read_next() override { ++reads; }
  void finish(const Error& error) override { finished = error; }
  bool idle() const override { return is_idle; }
};

v1::OperatorMessage hello(uint64_t epoch) {
  v1::OperatorMessage message;
  message.mutable_hello()->set_version("0.1.0");
  message.mutable_hello()->set_epoch(epoch);
  return message;
}

v1::OperatorMessage desired(uint64_t epoch, uint64_t generation) {
  v1::OperatorMessage message;
  message.mutable_desired_state()->set_epoch(epoch);
  message.mutable_desired_state()->set_generation(generation);
  return message;
}

class OperatorLinkTest : public ::testing::Test {
 protected:
  OperatorLinkTest() : link(parts()) {}
  OperatorLink::Parts parts() {
    OperatorLink::Parts out;
    out.version = "0.1.0";
    out.node = "node-a";
    out.apply = [this](v1::DesiredState& state) {
      applied.push_back(state.generation());
      v1::Ack ack;
      ack.set_generation(state.generation());
      return ack;
    };
    out.held = [] {
      v1::HeldConnection held;
      held.set_namespace_("ns");
      held.set_name("a");
      held.set_uid("uid-a");
      return std::vector{held};
    };
    out.log = [this](const std::string& line) { log.push_back(line); };
    return out;
  }
  std::shared_ptr<FakeStream> open(StreamId id) {
    auto stream = std::make_shared<FakeStream>();
    link.opened(id, stream);
    return stream;
  }
  static std::shared_ptr<const status::Snapshot> snapshot(const std::string& message) {
    auto view = status::sample_view("ns/a");
    view.message = message;
    return std::make_shared<const status::Snapshot>(
        status::sample_snapshot({status::sample_configured("ns/a")}, {view}));
  }

  std::vector<uint64_t> applied;
  std::vector<std::string> log;
  OperatorLink link;
};

TEST_F(OperatorLinkTest, AnswersHelloWithWhatItHas) {
  auto stream = open(1);
  link.received(1, hello(40));
  ASSERT_EQ(stream->sent.size(), 1U);
  const auto& ours = stream->sent[0].hello();
  EXPECT_EQ(ours.identity(), "node-a");
  EXPECT_EQ(ours.epoch(), 40U);
  ASSERT_EQ(ours.held_size(), 1);
  EXPECT_EQ(ours.held(0).uid(), "uid-a");
  EXPECT_EQ(stream->reads, 2);
}

TEST_F(OperatorLinkTest, AppliesAStateAndAcknowledgesIt) {
  auto stream = open(1);
  link.received(1, hello(40));
  link.received(1, desired(40, 7));
  EXPECT_EQ(applied, std::vector<uint64_t>{7});
  ASSERT_EQ(stream->sent.size(), 2U);
  EXPECT_EQ(stream->sent[1].ack().generation(), 7U);
}

TEST_F(OperatorLinkTest, ALowerEpochIsRefusedAndTheStreamInForceGoesOn) {
  auto first = open(1);
  link.received(1, hello(40));
  auto second = open(2);
  link.received(2, hello(39));
  ASSERT_TRUE(second->finished);
  EXPECT_EQ(second->finished->code, ErrorCode::PermissionDenied);
  EXPECT_THAT(second->finished->message, HasSubstr("epoch 40 is in force"));
  EXPECT_FALSE(first->finished);
  link.received(1, desired(40, 1));
  EXPECT_EQ(applied.size(), 1U);
}

TEST_F(OperatorLinkTest, AHigherEpochEndsTheStreamInForce) {
  auto first = open(1);
  link.received(1, hello(40));
  auto second = open(2);
  link.received(2, hello(41));
  ASSERT_TRUE(first->finished);
  EXPECT_EQ(first->finished->code, ErrorCode::PermissionDenied);
  EXPECT_FALSE(second->finished);
  link.received(1, desired(40, 9));  // was already in the mailbox
  EXPECT_TRUE(applied.empty());
}

TEST_F(OperatorLinkTest, ANewerStreamOfTheSameEpochEndsTheOlder) {
  auto first = open(1);
  link.received(1, hello(40));
  open(2);
  link.received(2, hello(40));
  ASSERT_TRUE(first->finished);
  EXPECT_EQ(first->finished->code, ErrorCode::AlreadyExists);
}

TEST_F(OperatorLinkTest, TheFirstMessageMustBeHello) {
  auto stream = open(1);
  link.received(1, desired(40, 1));
  ASSERT_TRUE(stream->finished);
  EXPECT_EQ(stream->finished->code, ErrorCode::InvalidArgument);
  EXPECT_TRUE(applied.empty());
}

TEST_F(OperatorLinkTest, ASecondHelloAndAnEmptyMessageAreRefused) {
  auto first = open(1);
  link.received(1, hello(40));
  link.received(1, hello(40));
  EXPECT_TRUE(first->finished);
  auto second = open(2);
  link.received(2, hello(40));
  link.received(2, v1::OperatorMessage());
  EXPECT_TRUE(second->finished);
}

TEST_F(OperatorLinkTest, StatusIsFullFirstAndThenOnlyChanges) {
  auto stream = open(1);
  link.publish(at(1), snapshot("x"));
  EXPECT_TRUE(stream->sent.empty());  // not before Hello
  link.received(1, hello(40));
  link.publish(at(1), snapshot("x"));
  ASSERT_EQ(stream->sent.size(), 2U);
  EXPECT_TRUE(stream->sent[1].status().full());
  link.publish(at(3), snapshot("x"));
  EXPECT_EQ(stream->sent.size(), 2U);
  link.publish(at(5), snapshot("y"));
  ASSERT_EQ(stream->sent.size(), 3U);
  EXPECT_FALSE(stream->sent[2].status().full());
}

TEST_F(OperatorLinkTest, AStreamThatStillWritesIsNotFlooded) {
  auto stream = open(1);
  link.received(1, hello(40));
  stream->is_idle = false;
  link.publish(at(1), snapshot("x"));
  EXPECT_EQ(stream->sent.size(), 1U);
  EXPECT_FALSE(link.next_due());
  stream->is_idle = true;
  link.publish(at(2), snapshot("x"));
  EXPECT_EQ(stream->sent.size(), 2U);
}

TEST_F(OperatorLinkTest, AChangeHeldBackGoesOutWhenItIsDue) {
  auto stream = open(1);
  link.received(1, hello(40));
  link.publish(at(1), snapshot("x"));
  auto changed = snapshot("y");
  link.publish(at(1) + std::chrono::milliseconds(10), changed);
  EXPECT_EQ(stream->sent.size(), 2U);
  EXPECT_EQ(link.next_due(), at(2));
  link.publish(at(2), changed);
  EXPECT_EQ(stream->sent.size(), 3U);
}

TEST_F(OperatorLinkTest, ShuttingDownEndsEveryStreamAndRefusesNewOnes) {
  auto stream = open(1);
  link.received(1, hello(40));
  link.shut_down();
  EXPECT_EQ(stream->finished->code, ErrorCode::Unavailable);
  EXPECT_EQ(open(2)->finished->code, ErrorCode::Unavailable);
}

}  // namespace
}  // namespace hawser::agent
