#include <gtest/gtest.h>

#include <set>

#include "operator/kube/json_text.h"
#include "operator/kube/reflector.h"
#include "operator/kube/resource_version.h"
#include "tests/support/kube/model_client.h"

namespace hawser::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const std::string kPath = "/apis/hawser.dev/v1alpha1/connections";

std::string path_of(const std::string& name_space, const std::string& name) {
  return "/apis/hawser.dev/v1alpha1/namespaces/" + name_space + "/connections/" + name;
}

// A reflector's owner, a server that changes and a network that breaks, on one clock.
class World {
 public:
  explicit World(uint64_t seed, Scope of = {kPath, "", ""})
      : dice_(seed), client(server, seed ^ 0x5eed), jitter_(seed + 1), scope(std::move(of)) {}

  void run(Duration duration, Duration tick = milliseconds(100)) {
    for (const TimePoint end = now + duration; now < end; now += tick) step();
  }
  void step() {
    client.step(now);
    reflector.step(now);
    const auto deadline = reflector.next_deadline();
    EXPECT_TRUE(!deadline || *deadline > now) << "would spin";
    for (ObjectChange& change : reflector.take_changes()) take(std::move(change));
    look_at_requests();
  }
  void churn() {
    const std::string path = path_of(roll(2) ? "a" : "b", "c" + std::to_string(roll(12)));
    if (roll(3) == 0) {
      server.erase(path);
    } else {
      server.put(
          path,
          {{"kind", "Connection"}, {"apiVersion", "hawser.dev/v1alpha1"}, {"spec", {{"n", roll(1000)}}}});
    }
    // Somebody else's objects move the version too.
    if (roll(4) == 0) server.put("/api/v1/namespaces/a/pods/p", {{"kind", "Pod"}});
    if (roll(40) == 0) server.compact();
    if (roll(100) == 0) client.reset_watches();
  }
  int roll(int sides) { return static_cast<int>(dice_.between(Duration(0), Duration(sides - 1)).count()); }
  void expect_same() {
    auto truth = server.objects(scope.path);
    if (!scope.name.empty())
      std::erase_if(truth, [&](const auto& entry) { return !entry.first.ends_with("/" + scope.name); });
    for (auto& [key, object] : truth) object["metadata"].erase("managedFields");
    EXPECT_EQ(view, truth);
    EXPECT_TRUE(reflector.synced());
    EXPECT_EQ(reflector.trouble(), "");
  }

  ModelServer server;

 private:
  SeededJitter dice_;

 public:
  ModelClient client;

 private:
  SeededJitter jitter_;
  std::set<std::pair<std::string, std::string>> handed_out_;
  size_t requests_seen_ = 0;
  std::string furthest_;

  void take(ObjectChange change) {
    if (change.type == ObjectChange::Type::Delete) {
      EXPECT_EQ(view.erase(change.key), 1u) << change.key << " was not there";
      return;
    }
    const std::string version = text_at(change.object, {"metadata", "resourceVersion"});
    EXPECT_TRUE(handed_out_.emplace(change.key, version).second)
        << change.key << " came twice at " << version;
    EXPECT_FALSE(change.object["metadata"].contains("managedFields"));
    EXPECT_EQ(text_at(change.object, {"kind"}), "Connection");
    auto& seen = view[change.key];
    if (!seen.is_null()) {
      EXPECT_TRUE(newer(version, text_at(seen, {"metadata", "resourceVersion"})));
    }
    seen = std::move(change.object);
  }
  void look_at_requests() {
    for (; requests_seen_ < client.asked.size(); ++requests_seen_) {
      for (const auto& [key, text] : client.asked[requests_seen_].query) {
        if (key != "resourceVersion" || text == "0") continue;
        EXPECT_FALSE(newer(furthest_, text)) << "went back from " << furthest_ << " to " << text;
        furthest_ = text;
      }
    }
  }

 public:
  TimePoint now{seconds(1000)};
  const Scope scope;
  Reflector reflector{client, scope, jitter_};
  std::map<std::string, nlohmann::json> view;
};

ModelClient::Faults bad_day() {
  ModelClient::Faults faults;
  faults.lost_request = faults.lost_answer = faults.refused = 10;
  faults.cut = faults.cut_in_order = 5;
  faults.stalled = 3;
  faults.repeated = faults.replayed = 10;
  faults.latency = milliseconds(400);
  return faults;
}

// Returns how often it had to list again and found a silent watch.
std::pair<size_t, size_t> survive(uint64_t seed, bool streaming, Scope scope = {kPath, "", ""}) {
  SCOPED_TRACE("seed " + std::to_string(seed) + (streaming ? " streaming" : " plain"));
  World world(seed, std::move(scope));
  world.server.streaming_list = streaming;
  world.server.page = 3;
  for (int i = 0; i < 10; ++i) world.churn();
  world.client.faults = bad_day();
  for (int i = 0; i < 600; ++i) {
    for (int n = world.roll(4); n > 0; --n) world.churn();
    world.run(milliseconds(50 + world.roll(1500)));
    if (world.roll(150) == 0) {
      world.client.reachable = false;
      world.run(seconds(world.roll(120)), seconds(1));
      world.client.reachable = true;
    }
  }
  world.client.faults = {};
  world.run(minutes(4), milliseconds(500));
  world.expect_same();
  return {world.reflector.relists(), world.reflector.idle_ends()};
}

void survive_all(uint64_t first, bool streaming) {
  size_t relists = 0, idle_ends = 0;
  for (uint64_t seed = first; seed < first + 120 && !testing::Test::HasFailure(); ++seed) {
    const auto [lists, idles] = survive(seed, streaming);
    relists += lists;
    idle_ends += idles;
  }
  // The day was bad enough.
  EXPECT_GT(relists, 200u);
  EXPECT_GT(idle_ends, 30u);
}

TEST(ReflectorModel, ViewIsTheServersAfterABadDayWithStreamingLists) { survive_all(1, true); }

TEST(ReflectorModel, ViewIsTheServersAfterABadDayWithPlainLists) { survive_all(1001, false); }

TEST(ReflectorModel, OneObjectIsTheServersAfterABadDayAndIsNeverListed) {
  const Scope scope{"/apis/hawser.dev/v1alpha1/namespaces/a/connections", "c3", ""};
  size_t relists = 0;
  for (uint64_t seed = 2001; seed < 2121 && !testing::Test::HasFailure(); ++seed)
    relists += survive(seed, false, scope).first;
  EXPECT_GT(relists, 1000u);
}

TEST(ReflectorModel, OneObjectByNameSeesThatObjectOnly) {
  World world(7);
  SeededJitter jitter(1);
  Reflector reflector(world.client, {"/api/v1/namespaces/a/secrets", "site6-psk", ""}, jitter);
  std::vector<std::string> keys;
  auto step = [&] {
    world.now += seconds(1);
    world.client.step(world.now);
    reflector.step(world.now);
    for (const ObjectChange& change : reflector.take_changes())
      keys.push_back((change.type == ObjectChange::Type::Delete ? "-" : "+") + change.key);
  };
  world.server.put("/api/v1/namespaces/a/secrets/other", {{"kind", "Secret"}});
  for (int i = 0; i < 3; ++i) step();
  EXPECT_TRUE(reflector.synced());
  EXPECT_TRUE(keys.empty());
  world.server.put("/api/v1/namespaces/a/secrets/site6-psk", {{"kind", "Secret"}});
  world.server.put("/api/v1/namespaces/b/secrets/site6-psk", {{"kind", "Secret"}});
  for (int i = 0; i < 3; ++i) step();
  world.server.erase("/api/v1/namespaces/a/secrets/site6-psk");
  for (int i = 0; i < 3; ++i) step();
  EXPECT_EQ(keys, (std::vector<std::string>{"+a/site6-psk", "-a/site6-psk"}));
}

TEST(ReflectorModel, AQuietHourCostsFewRequests) {
  World world(3);
  for (int i = 0; i < 20; ++i) world.churn();
  world.run(minutes(60), milliseconds(500));
  world.expect_same();
  EXPECT_LE(world.client.asked.size(), 13u) << "a watch lives 5 to 10 minutes";
  EXPECT_EQ(world.reflector.relists(), 0u);
}

TEST(ReflectorModel, AServerThatIsAwayIsNotHammered) {
  World world(5);
  for (int i = 0; i < 5; ++i) world.churn();
  world.run(seconds(5));
  world.client.faults.lost_request = 100;
  world.client.reset_watches();
  const size_t before = world.client.asked.size();
  world.run(minutes(10), milliseconds(500));
  const size_t asked = world.client.asked.size() - before;
  EXPECT_LE(asked, 30u);
  EXPECT_GE(asked, 10u);
  EXPECT_NE(world.reflector.trouble(), "");
  world.client.faults = {};
  for (int i = 0; i < 5; ++i) world.churn();
  world.run(minutes(2));
  world.expect_same();
}

}  // namespace
}  // namespace hawser::kube
