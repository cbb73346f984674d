// The connection breaks after every byte of what a server says, once each; through the real client the
// reflector must end with what the server has.
#include <gtest/gtest.h>

#include <limits>
#include <list>

#include "operator/kube/api_client.h"
#include "operator/kube/reflector.h"
#include "tests/support/kube/model_server.h"
#include "tests/support/kube/scripted_transport.h"

namespace hawser::kube {
namespace {

using namespace std::chrono_literals;

constexpr const char* kCollection = "/api/v1/namespaces/a/configmaps";

std::string unescape(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

ApiRequest parse(const HttpRequest& request) {
  ApiRequest out;
  out.method = request.method;
  out.body = request.body;
  const size_t mark = request.path.find('?');
  out.path = request.path.substr(0, mark);
  std::string rest = mark == std::string::npos ? "" : request.path.substr(mark + 1);
  while (!rest.empty()) {
    const std::string pair = rest.substr(0, rest.find('&'));
    rest = pair.size() == rest.size() ? "" : rest.substr(pair.size() + 1);
    const size_t equals = pair.find('=');
    out.query.emplace_back(unescape(pair.substr(0, equals)), unescape(pair.substr(equals + 1)));
  }
  return out;
}

bool is_watch(const ApiRequest& request) {
  for (const auto& [key, value] : request.query)
    if (key == "watch") return true;
  return false;
}

// A ModelServer behind bytes. After `octets` of them the connection that is speaking breaks; later ones are
// whole.
class World {
 public:
  World(bool streaming, size_t octets) : left_(octets) {
    server_.streaming_list = streaming;
    for (const char* name : {"x", "y", "z"}) put(name, "1");
    transport_.on_start = [this](testing::ScriptedTransport::Exchange exchange) { accept(exchange); };
  }

  void put(const std::string& name, const std::string& value) {
    server_.put(std::string(kCollection) + "/" + name, {{"data", {{"v", value}}}});
  }

  // A second; the server's news come between two steps of the client.
  void step() {
    now_ += 1s;
    for (auto watch = watches_.begin(); watch != watches_.end();)
      watch = speak(*watch) ? std::next(watch) : watches_.erase(watch);
    client_->step(now_);
    reflector_.step(now_);
    for (ObjectChange& change : reflector_.take_changes()) {
      if (change.type == ObjectChange::Type::Delete)
        view_.erase(change.key);
      else
        view_[change.key] = std::move(change.object);
    }
  }

  // The whole story: a list, then a change, a deletion and a creation while it watches.
  void live() {
    for (int second = 0; second < 400; ++second) {
      if (second == 3) put("x", "2");
      if (second == 4) server_.erase(std::string(kCollection) + "/y");
      if (second == 5) put("w", "1");
      step();
      if (second > 8 && reflector_.synced() && same()) return;
    }
  }
  bool same() const {
    const auto wanted = server_.objects(kCollection);
    if (wanted.size() != view_.size()) return false;
    for (const auto& [key, object] : wanted) {
      auto found = view_.find(key);
      if (found == view_.end() || found->second["data"] != object["data"]) return false;
    }
    return true;
  }
  bool synced() const { return reflector_.synced(); }
  bool was_cut() const { return cut_; }
  size_t said() const { return said_; }

 private:
  struct Watch {
    testing::ScriptedTransport::Exchange exchange;
    ModelServer::Cursor cursor;
  };

  // False when the connection broke on the way.
  bool say(const testing::ScriptedTransport::Exchange& exchange, const std::string& text) {
    said_ += text.size();
    if (cut_ || text.size() <= left_) {
      left_ -= cut_ ? 0 : text.size();
      exchange.data(text);
      return true;
    }
    if (left_ > 0) exchange.data(text.substr(0, left_));
    exchange.fail("connection reset");
    cut_ = true;
    return false;
  }

  bool speak(Watch& watch) {
    if (watch.exchange.cancelled()) return false;
    for (const nlohmann::json& event : server_.pull(watch.cursor, 40))
      if (!say(watch.exchange, event.dump() + "\n")) return false;
    return true;
  }

  void accept(const testing::ScriptedTransport::Exchange& exchange) {
    const ApiRequest request = parse(exchange.request());
    if (!is_watch(request)) {
      const ModelServer::Reply reply = server_.handle(request);
      exchange.head(reply.status);
      if (say(exchange, reply.body.dump())) exchange.end();
      return;
    }
    Watch watch{exchange, {}};
    if (auto refused = server_.open(request, watch.cursor))
      return exchange.answer(refused->status, refused->body.dump());
    exchange.head(200);
    watches_.push_back(std::move(watch));
  }

  size_t left_;
  size_t said_ = 0;
  bool cut_ = false;
  TimePoint now_{1000s};
  ModelServer server_;
  std::list<Watch> watches_;
  testing::ScriptedTransport transport_;
  std::unique_ptr<Credentials> credentials_ = no_credentials();
  std::unique_ptr<Client> client_ = make_client(transport_, *credentials_, {}, [] {});
  SeededJitter jitter_{7};
  Reflector reflector_{*client_, {kCollection, "", ""}, jitter_};
  std::map<std::string, nlohmann::json> view_;
};

class EveryByte : public ::testing::TestWithParam<bool> {};

TEST_P(EveryByte, ACutAfterItLosesNothing) {
  World whole(GetParam(), std::numeric_limits<size_t>::max());
  whole.live();
  ASSERT_TRUE(whole.synced() && whole.same());
  ASSERT_FALSE(whole.was_cut());
  ASSERT_GT(whole.said(), 500u);
  for (size_t octets = 0; octets < whole.said(); ++octets) {
    World world(GetParam(), octets);
    world.live();
    ASSERT_TRUE(world.was_cut()) << "after " << octets << " octets";
    ASSERT_TRUE(world.synced()) << "after " << octets << " octets";
    ASSERT_TRUE(world.same()) << "after " << octets << " octets";
  }
}

INSTANTIATE_TEST_SUITE_P(ByStreamingListAndByList, EveryByte, ::testing::Bool());

}  // namespace
}  // namespace hawser::kube
