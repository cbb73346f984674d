#include "operator/kube/event_recorder.h"

#include <gtest/gtest.h>

#include "operator/kube/json_text.h"
#include "tests/support/kube/model_client.h"

namespace hawser::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const std::string kEvents = "/apis/events.k8s.io/v1/namespaces/a/events";

EventNote note_of(const std::string& reason, const std::string& name = "site6",
                  const std::string& text = "it is so") {
  EventNote note;
  note.regarding = {"hawser.dev/v1alpha1", "Connection", "a", name, "uid-" + name, "7"};
  note.warning = true;
  note.reason = reason;
  note.action = "Negotiate";
  note.note = text;
  return note;
}

class EventRecorderTest : public testing::Test {
 protected:
  void run(Duration duration, Duration tick = milliseconds(100)) {
    for (const TimePoint end = now_ + duration; now_ < end;) {
      now_ += tick;
      step();
    }
  }
  void step() {
    client_.step(now_);
    recorder_.step(now_, wall());
  }
  WallTime wall() const { return WallTime(seconds(1795463639)) + (now_ - TimePoint{}); }
  void record(EventNote note) { recorder_.record(std::move(note), now_, wall()); }
  std::map<std::string, nlohmann::json> events() const { return server_.objects(kEvents); }
  nlohmann::json only_event() const {
    const auto all = events();
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? nlohmann::json() : all.begin()->second;
  }

  ModelServer server_;
  TimePoint now_{seconds(1000)};
  ModelClient client_{server_, 1};
  EventRecorder recorder_{client_, {"hawser.dev/operator", "hawser-operator-0"}};
};

TEST_F(EventRecorderTest, WritesWhatPeopleReadInDescribe) {
  record(note_of("PeerUnreachable"));
  EXPECT_TRUE(client_.asked.empty()) << "never from within record()";
  run(seconds(1));
  const nlohmann::json event = only_event();
  EXPECT_EQ(event["kind"], "Event");
  EXPECT_EQ(event["type"], "Warning");
  EXPECT_EQ(event["reason"], "PeerUnreachable");
  EXPECT_EQ(event["action"], "Negotiate");
  EXPECT_EQ(event["note"], "it is so");
  EXPECT_EQ(event["reportingController"], "hawser.dev/operator");
  EXPECT_EQ(event["reportingInstance"], "hawser-operator-0");
  EXPECT_EQ(event["regarding"]["uid"], "uid-site6");
  EXPECT_EQ(event["regarding"]["namespace"], "a");
  EXPECT_EQ(event["regarding"]["apiVersion"], "hawser.dev/v1alpha1");
  EXPECT_FALSE(event.contains("series"));
  EXPECT_EQ(client_.asked.size(), 1u);
}

TEST_F(EventRecorderTest, RepeatsBecomeASeries) {
  record(note_of("PeerUnreachable"));
  run(seconds(1));
  record(note_of("PeerUnreachable"));
  run(seconds(1));
  EXPECT_EQ(only_event()["series"]["count"], 2) << "the second shows at once";
  for (int i = 0; i < 98; ++i) {
    record(note_of("PeerUnreachable"));
    run(seconds(1));
  }
  EXPECT_EQ(client_.asked.size(), 2u) << "the others are only counted";
  run(minutes(7), seconds(1));
  EXPECT_EQ(only_event()["series"]["count"], 100) << "silence ends the series";
  EXPECT_EQ(client_.asked.size(), 3u);
  EXPECT_EQ(client_.asked.back().content_type, "application/merge-patch+json");
  run(minutes(60), seconds(1));
  EXPECT_EQ(client_.asked.size(), 3u) << "a quiet hour writes nothing";
  record(note_of("PeerUnreachable"));
  run(seconds(1));
  EXPECT_EQ(events().size(), 2u) << "after the end of a series a new event begins";
}

TEST_F(EventRecorderTest, RepeatsBeforeTheFirstIsWrittenGoWithIt) {
  for (int i = 0; i < 5; ++i) record(note_of("PeerUnreachable"));
  run(seconds(1));
  EXPECT_EQ(only_event()["series"]["count"], 5);
  EXPECT_EQ(client_.asked.size(), 1u);
}

TEST_F(EventRecorderTest, ASeriesThatGoesOnIsWrittenEveryHalfHour) {
  for (int i = 0; i < 3600; ++i) {
    record(note_of("PeerUnreachable"));
    run(seconds(2), seconds(1));
  }
  EXPECT_GE(client_.asked.size(), 5u);
  EXPECT_LE(client_.asked.size(), 7u);
  EXPECT_GT(only_event()["series"]["count"], 2600);
}

TEST_F(EventRecorderTest, DifferentReasonsObjectsAndMomentsAreDifferentEvents) {
  record(note_of("PeerUnreachable"));
  record(note_of("Established"));
  record(note_of("PeerUnreachable", "site7"));
  auto normal = note_of("PeerUnreachable");
  normal.warning = false;
  record(normal);
  run(seconds(1));
  EXPECT_EQ(events().size(), 4u) << "also when all happen in one moment";
}

TEST_F(EventRecorderTest, AnObjectThatFlapsIsSlowedDownAndOthersAreNot) {
  for (int i = 0; i < 100; ++i) record(note_of("Reason" + std::to_string(i)));
  record(note_of("Established", "site7"));
  run(seconds(30));
  EXPECT_EQ(events().size(), 26u);
  EXPECT_EQ(recorder_.dropped(), 75u);
}

TEST_F(EventRecorderTest, AServerThatIsAwayCostsNothingButEvents) {
  client_.faults.lost_request = 100;
  for (int i = 0; i < 100000; ++i) record(note_of("PeerUnreachable", "site" + std::to_string(i)));
  EXPECT_EQ(recorder_.dropped(), 99000u) << "1,000 wait";
  run(seconds(60));
  EXPECT_LE(client_.asked.size(), 8u) << "about one try in 10 s";
  client_.faults = {};
  run(minutes(3));
  EXPECT_EQ(events().size(), 1000u);
}

TEST_F(EventRecorderTest, GivesUpAfterTwelveTries) {
  client_.faults.lost_request = 100;
  record(note_of("PeerUnreachable"));
  run(minutes(10), seconds(1));
  EXPECT_EQ(client_.asked.size(), 12u);
  EXPECT_EQ(recorder_.dropped(), 1u);
  client_.faults = {};
  record(note_of("PeerUnreachable"));
  run(seconds(1));
  EXPECT_EQ(events().size(), 1u) << "and begins anew with the next";
}

TEST_F(EventRecorderTest, AnAnswerThatWasLostDoesNotDoubleTheEvent) {
  client_.faults.lost_answer = 100;
  record(note_of("PeerUnreachable"));
  run(seconds(2));
  client_.faults = {};
  run(seconds(30));
  record(note_of("PeerUnreachable"));
  run(seconds(1));
  EXPECT_EQ(only_event()["series"]["count"], 2);
  EXPECT_EQ(recorder_.dropped(), 0u);
}

TEST_F(EventRecorderTest, WhatTheServerRefusesIsNotTriedAgain) {
  auto note = note_of("PeerUnreachable");
  note.action.clear();
  record(note);
  run(minutes(2));
  EXPECT_EQ(client_.asked.size(), 1u);
  EXPECT_EQ(recorder_.dropped(), 1u);
}

TEST_F(EventRecorderTest, AnEventThatTheServerForgotIsWrittenAnew) {
  record(note_of("PeerUnreachable"));
  run(seconds(1));
  server_.erase(kEvents + "/" + text_at(only_event(), {"metadata", "name"}));
  record(note_of("PeerUnreachable"));
  run(seconds(1));
  EXPECT_EQ(only_event()["series"]["count"], 2);
  EXPECT_EQ(only_event()["reason"], "PeerUnreachable");
}

TEST_F(EventRecorderTest, ALongNoteIsCutAndTaken) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "\xE2\x82\xAC";
  record(note_of("PeerUnreachable", "site6", text + "\xff"));
  run(seconds(1));
  EXPECT_EQ(only_event()["note"].get<std::string>().size(), 1023u);
}

TEST_F(EventRecorderTest, NothingToDoNeedsNoWakeUp) {
  EXPECT_EQ(recorder_.next_deadline(), std::nullopt);
  record(note_of("PeerUnreachable"));
  EXPECT_LE(*recorder_.next_deadline(), now_);
  run(minutes(10), seconds(1));
  run(minutes(200), seconds(30));
  EXPECT_EQ(recorder_.next_deadline(), std::nullopt);
}

}  // namespace
}  // namespace hawser::kube
