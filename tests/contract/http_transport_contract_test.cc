#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "operator/kube/cpprest/cpprest_transport.h"
#include "tests/support/kube/scripted_transport.h"
#include "tests/unit/operator/kube/cpprest/scripted_server.h"

// What every HttpTransport does with an exchange, the fake of the unit tests included.
namespace hawser::kube {
namespace {

using Type = HttpEvent::Type;

// How the server treats the one request: it answers "hello" whole, cuts that in the middle, or stays silent
// after it.
enum class Script : uint8_t { Whole, Cut, Stall };

class Peer {
 public:
  virtual ~Peer() = default;
  virtual HttpTransport& transport() = 0;
};

class FakePeer final : public Peer {
 public:
  explicit FakePeer(Script script) {
    fake_.on_start = [script](testing::ScriptedTransport::Exchange exchange) {
      exchange.head(200, {{"x-seen", "yes"}});
      exchange.data("hel");
      if (script == Script::Cut) return exchange.fail("cut");
      exchange.data("lo");
      if (script == Script::Whole) exchange.end();
    };
  }
  HttpTransport& transport() override { return fake_; }

 private:
  testing::ScriptedTransport fake_;
};

class RealPeer final : public Peer {
 public:
  explicit RealPeer(Script script)
      : server_([script](const std::string&) {
          std::string text =
              "HTTP/1.1 200 OK\r\nX-Seen: yes\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n";
          if (script == Script::Cut) return text;
          text += "2\r\nlo\r\n";
          return text + (script == Script::Whole ? std::string("0\r\n\r\n")
                                                 : std::string(1, ScriptedServer::kStall));
        }),
        transport_(CpprestTransport::create(server_.url(), {}).value()) {}
  HttpTransport& transport() override { return *transport_; }

 private:
  ScriptedServer server_;
  std::unique_ptr<CpprestTransport> transport_;
};

using MakePeer = std::unique_ptr<Peer> (*)(Script);

class HttpTransportContract : public ::testing::TestWithParam<MakePeer> {
 protected:
  std::unique_ptr<HttpExchange> start(Script script) {
    peer_ = GetParam()(script);
    return peer_->transport().start({.path = "/x", .timeout = {}}, [this](HttpEvent event) {
      std::lock_guard lock(mutex_);
      text_ += event.type == Type::Data ? event.text : "";
      events_.push_back(std::move(event));
      changed_.notify_all();
    });
  }
  template <typename Condition>
  void wait(Condition condition) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, condition);
  }
  bool over() const {
    return !events_.empty() && (events_.back().type == Type::End || events_.back().type == Type::Failed);
  }
  std::unique_ptr<Peer> peer_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<HttpEvent> events_;
  std::string text_;
};

TEST_P(HttpTransportContract, BringsOneHeadThenDataThenOneEnd) {
  auto exchange = start(Script::Whole);
  wait([this] { return over(); });
  EXPECT_EQ(events_.front().type, Type::Head);
  EXPECT_EQ(events_.front().status, 200);
  EXPECT_EQ(events_.front().headers.at("x-seen"), "yes");
  for (size_t i = 1; i + 1 < events_.size(); ++i) EXPECT_EQ(events_[i].type, Type::Data);
  EXPECT_EQ(events_.back().type, Type::End);
  EXPECT_EQ(text_, "hello");
}

TEST_P(HttpTransportContract, AnAnswerThatIsCutFailsWithAReason) {
  auto exchange = start(Script::Cut);
  wait([this] { return over(); });
  EXPECT_EQ(events_.back().type, Type::Failed);
  EXPECT_FALSE(events_.back().text.empty());
}

TEST_P(HttpTransportContract, DestroyingAnExchangeEndsItsEvents) {
  auto exchange = start(Script::Stall);
  wait([this] { return text_ == "hello"; });
  exchange.reset();
  const size_t before = events_.size();
  peer_.reset();
  EXPECT_EQ(events_.size(), before);
  EXPECT_FALSE(over());
}

template <typename T>
std::unique_ptr<Peer> make(Script script) {
  return std::make_unique<T>(script);
}

INSTANTIATE_TEST_SUITE_P(All, HttpTransportContract, ::testing::Values(&make<FakePeer>, &make<RealPeer>));

}  // namespace
}  // namespace hawser::kube
