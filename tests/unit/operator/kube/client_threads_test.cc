#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

#include "operator/kube/api_client.h"

// The way of events from the transport's threads into the client's, under ThreadSanitizer.
namespace hawser::kube {
namespace {

using Type = HttpEvent::Type;

// Answers each exchange from a thread of its own: a head, lines without end until it is cancelled, or two
// pieces and the end.
class ThreadedTransport final : public HttpTransport {
 public:
  Result<HttpResponse> send(const HttpRequest&) override { return Error{ErrorCode::Unsupported, ""}; }
  std::unique_ptr<HttpExchange> start(HttpRequest request, Sink sink) override {
    return std::make_unique<Exchange>(request.timeout == Duration{}, std::move(sink));
  }

 private:
  class Exchange final : public HttpExchange {
   public:
    Exchange(bool endless, Sink sink)
        : thread_([this, endless, to = std::move(sink)] { run(endless, to); }) {}
    ~Exchange() override {
      stopped_ = true;
      thread_.join();
    }

   private:
    void run(bool endless, const Sink& sink) {
      sink({.type = Type::Head, .status = 200});
      while (endless && !stopped_) sink({.type = Type::Data, .text = "{\"type\":\"ADDED\"}\n"});
      for (const char* text : {"{\"a\"", ":1}"})
        if (!stopped_) sink({.type = Type::Data, .text = text});
      if (!stopped_) sink({.type = Type::End});
    }
    std::atomic<bool> stopped_ = false;
    std::thread thread_;
  };
};

class Bell {
 public:
  void ring() {
    std::lock_guard lock(mutex_);
    rung_ = true;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return rung_; });
    rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool rung_ = false;
};

TEST(ClientThreads, EveryAnswerArrivesOnTheOneThread) {
  ThreadedTransport transport;
  auto credentials = no_credentials();
  Bell bell;
  auto client = make_client(transport, *credentials, {}, [&] { bell.ring(); });
  const auto self = std::this_thread::get_id();
  constexpr int kCalls = 64;
  int answered = 0;
  std::list<std::unique_ptr<Client::Call>> calls;
  for (int i = 0; i < kCalls; ++i)
    calls.push_back(client->call({.path = "/x"}, [&](ApiAnswer answer) {
      EXPECT_EQ(std::this_thread::get_id(), self);
      EXPECT_EQ(answer.body["a"], 1);
      ++answered;
    }));
  client->step({});
  while (answered < kCalls) {
    bell.wait();
    client->step({});
  }
}

TEST(ClientThreads, WatchesAreCancelledInTheMiddle) {
  ThreadedTransport transport;
  auto credentials = no_credentials();
  Bell bell;
  auto client = make_client(transport, *credentials, {}, [&] { bell.ring(); });
  for (int round = 0; round < 20; ++round) {
    size_t events = 0;
    auto watch = client->watch({.path = "/w"}, [&](WatchPiece piece) { events += piece.events.size(); });
    client->step({});
    while (events < 10) {
      bell.wait();
      client->step({});
    }
    watch.reset();
    const size_t before = events;
    client->step({});
    EXPECT_EQ(events, before);
  }
  auto left = client->watch({.path = "/w"}, [](WatchPiece) {});
  client->step({});
  client.reset();
}

}  // namespace
}  // namespace hawser::kube
