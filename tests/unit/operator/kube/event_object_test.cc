#include "operator/kube/event_object.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "operator/kube/event_limit.h"

namespace hawser::kube {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

std::string repeat(const std::string& text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

TEST(EventText, IsCutBetweenTwoCharacters) {
  for (const std::string character : {"a", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x94\x92"}) {
    for (size_t shift = 0; shift < 4; ++shift) {
      const std::string cut = clean_text(std::string(shift, 'x') + repeat(character, 1100), 1024);
      EXPECT_LE(cut.size(), 1024u);
      EXPECT_GT(cut.size(), 1024u - character.size());
      EXPECT_EQ((cut.size() - shift) % character.size(), 0u) << "a whole number of characters";
      EXPECT_NO_THROW(nlohmann::json(cut).dump());
    }
  }
  EXPECT_EQ(clean_text(std::string(1024, 'x'), 1024), std::string(1024, 'x'));
}

// Peers choose their names: what they send ends here.
TEST(EventText, HostileTextIsMadeSafe) {
  const std::string bad = "\xEF\xBF\xBD";
  for (const auto& [text, clean] : std::vector<std::pair<std::string, std::string>>{
           {"a\nb\x1b[31m\x7f", "a b [31m "},
           {"\xff", bad},
           {"\xc3", bad},
           {"\xc3(", bad + "("},
           {"\xc0\xaf", bad + bad},            // longer than need be
           {"\xe0\x80\xaf", bad + bad + bad},  // so is this
           {"\xed\xa0\x80", bad + bad + bad},  // half of a pair
           {"\xf4\x90\x80\x80", bad + bad + bad + bad},
           {"\xf5", bad},
           {std::string("a\0b", 3), "a b"},
           {"\xe2\x82\xac\xf0\x9f\x94\x92", "\xe2\x82\xac\xf0\x9f\x94\x92"}}) {
    EXPECT_EQ(clean_text(text, 1024), clean);
  }
  // Every string of two octets, and none of them throws.
  for (int a = 0; a < 256; ++a)
    for (int b = 0; b < 256; ++b)
      EXPECT_NO_THROW(nlohmann::json(clean_text({static_cast<char>(a), static_cast<char>(b)}, 1024)).dump());
}

TEST(EventName, FitsEvenForTheLongestObject) {
  EXPECT_EQ(event_name("site6", 255), "site6.ff");
  const std::string name = event_name(std::string(253, 'a'), UINT64_MAX);
  EXPECT_EQ(name.size(), 253u);
  EXPECT_TRUE(name.ends_with(".ffffffffffffffff"));
}

TEST(EventBody, ClusterScopedObjectsHaveTheirEventsInDefault) {
  EventState event;
  event.note.regarding = {"v1", "Node", "", "node1", "uid-1", "7"};
  EXPECT_EQ(events_path(event.note.regarding), "/apis/events.k8s.io/v1/namespaces/default/events");
  const auto body = nlohmann::json::parse(event_body(event, "hawser.dev/operator", std::string(200, 'i')));
  EXPECT_EQ(body["metadata"]["namespace"], "default");
  EXPECT_FALSE(body["regarding"].contains("namespace"));
  EXPECT_EQ(body["reportingInstance"].get<std::string>().size(), 128u);
  EXPECT_FALSE(body.contains("series"));
}

TEST(EventLimit, TwentyFiveAtOnceThenOneInFiveMinutesForEachObject) {
  EventLimit limit;
  TimePoint now{seconds(50)};
  auto allowed = [&](const std::string& object) {
    int count = 0;
    for (int i = 0; i < 100; ++i) count += limit.allow(object, now);
    return count;
  };
  EXPECT_EQ(allowed("a"), 25);
  EXPECT_EQ(allowed("b"), 25) << "another object has its own";
  now += minutes(5) - seconds(1);
  EXPECT_EQ(allowed("a"), 0);
  now += seconds(1);
  EXPECT_EQ(allowed("a"), 1);
  now += minutes(15);
  EXPECT_EQ(allowed("a"), 3);
  now += minutes(500);
  limit.sweep(now);
  EXPECT_EQ(limit.size(), 0u);
  EXPECT_EQ(allowed("a"), 25);
}

}  // namespace
}  // namespace hawser::kube
