#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "operator/kube/cpprest/cpprest_transport.h"
#include "tests/unit/operator/kube/cpprest/scripted_server.h"

namespace hawser::kube {
namespace {

using ::testing::HasSubstr;
using Type = HttpEvent::Type;
constexpr char kStall[] = {ScriptedServer::kStall, 0};

// What an exchange brought, for a test that waits.
class Events {
 public:
  HttpTransport::Sink sink() {
    return [this](HttpEvent event) {
      std::lock_guard lock(mutex_);
      EXPECT_FALSE(over_) << "an event after the last";
      over_ = event.type == Type::End || event.type == Type::Failed;
      text_ += event.type == Type::Data ? event.text : "";
      if (event.type == Type::Failed) why_ = event.text;
      if (event.type == Type::Head) head_ = event;
      heads_ += event.type == Type::Head;
      ++count_;
      changed_.notify_all();
    };
  }
  void wait_for(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, condition);
  }
  void wait_for_end() {
    wait_for([this] { return over_; });
  }

  HttpEvent head_;
  std::string text_, why_;
  bool over_ = false;
  int heads_ = 0, count_ = 0;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

std::unique_ptr<CpprestTransport> connect(const ScriptedServer& server) {
  return CpprestTransport::create(server.url(), {}).value();
}

const std::string kHead = "HTTP/1.1 200 OK\r\nX-Seen: yes\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(CpprestStream, BringsAnEventWhileTheServerHoldsTheStreamOpen) {
  ScriptedServer server([](const std::string&) { return kHead + "6\r\nline1\n\r\n" + kStall; });
  auto transport = connect(server);
  Events events;
  auto exchange = transport->start({.path = "/watch", .timeout = {}}, events.sink());
  events.wait_for([&] { return events.text_ == "line1\n"; });
  EXPECT_EQ(events.head_.status, 200);
  EXPECT_EQ(events.head_.headers["x-seen"], "yes");
  EXPECT_FALSE(events.over_);
}

TEST(CpprestStream, EndsWithTheAnswer) {
  ScriptedServer server([](const std::string&) { return kHead + "2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"; });
  auto transport = connect(server);
  Events events;
  auto exchange = transport->start({.path = "/watch", .timeout = {}}, events.sink());
  events.wait_for_end();
  EXPECT_EQ(events.text_, "abcde");
  EXPECT_EQ(events.heads_, 1);
  EXPECT_EQ(events.why_, "");
}

TEST(CpprestStream, FailsWhenTheStreamIsCut) {
  ScriptedServer server([](const std::string&) { return kHead + "6\r\nline1\n\r\n40\r\nhalf"; });
  auto transport = connect(server);
  Events events;
  auto exchange = transport->start({.path = "/watch", .timeout = {}}, events.sink());
  events.wait_for_end();
  EXPECT_NE(events.why_, "");
}

TEST(CpprestStream, FailsWhenNothingComesForTooLong) {
  ScriptedServer server([](const std::string&) { return kHead + "6\r\nline1\n\r\n" + kStall; });
  auto transport = connect(server);
  Events events;
  auto exchange = transport->start({.path = "/watch", .timeout = {}, .idle_timeout = std::chrono::seconds(1)},
                                   events.sink());
  events.wait_for_end();
  EXPECT_EQ(events.text_, "line1\n");
  EXPECT_THAT(events.why_, HasSubstr("no octet of the answer"));
  server.wait_for_departure();
}

TEST(CpprestStream, FailsWhenTheWholeTakesTooLong) {
  ScriptedServer server([](const std::string&) { return kHead + "6\r\nline1\n\r\n" + kStall; });
  auto transport = connect(server);
  Events events;
  auto exchange =
      transport->start({.path = "/watch", .timeout = std::chrono::milliseconds(100)}, events.sink());
  events.wait_for_end();
  EXPECT_THAT(events.why_, HasSubstr("in time"));
}

TEST(CpprestStream, DestroyingItClosesTheConnectionAndDeliversNothingMore) {
  ScriptedServer server([](const std::string&) { return kHead + "6\r\nline1\n\r\n" + kStall; });
  auto transport = connect(server);
  Events events;
  auto exchange = transport->start({.path = "/watch", .timeout = {}}, events.sink());
  events.wait_for([&] { return events.text_ == "line1\n"; });
  exchange.reset();
  const int before = events.count_;
  server.wait_for_departure();
  EXPECT_EQ(events.count_, before);
}

TEST(CpprestStream, DestroyingItAtOnceDeliversNothing) {
  ScriptedServer server([](const std::string&) { return kHead + "0\r\n\r\n"; });
  auto transport = connect(server);
  for (int i = 0; i < 50; ++i) {
    auto gone = std::make_unique<bool>(false);
    auto exchange = transport->start({.path = "/"}, [alive = gone.get()](HttpEvent) { *alive = true; });
    exchange.reset();
    gone.reset();  // AddressSanitizer sees a late event
  }
}

TEST(CpprestStream, ReportsARefusedConnection) {
  std::string url;
  {
    url = ScriptedServer([](const std::string&) { return std::string(); }).url();
  }
  auto transport = CpprestTransport::create(url, {}).value();
  Events events;
  auto exchange = transport->start({.path = "/"}, events.sink());
  events.wait_for_end();
  EXPECT_EQ(events.heads_, 0);
  EXPECT_NE(events.why_, "");
}

TEST(CpprestStream, ReportsAPathThatIsNone) {
  ScriptedServer server([](const std::string&) { return std::string(); });
  auto transport = connect(server);
  Events events;
  auto exchange = transport->start({.path = "/a b"}, events.sink());
  events.wait_for_end();
  EXPECT_NE(events.why_, "");
}

TEST(CpprestStream, KeepsTheBasePath) {
  ScriptedServer server([](const std::string&) { return kHead + "0\r\n\r\n"; });
  auto transport = CpprestTransport::create(server.url() + "/clusters/a", {}).value();
  Events events;
  auto exchange = transport->start({.path = "/api/v1/pods?limit=1&a=b%2Fc"}, events.sink());
  events.wait_for_end();
  EXPECT_THAT(server.requests()[0],
              ::testing::StartsWith("GET /clusters/a/api/v1/pods?limit=1&a=b%2Fc HTTP"));
}

}  // namespace
}  // namespace hawser::kube
