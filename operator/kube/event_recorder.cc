#include "operator/kube/event_recorder.h"

#include <deque>
#include <functional>
#include <map>
#include <utility>

#include "common/base/random.h"
#include "operator/kube/event_limit.h"
#include "operator/kube/event_object.h"

namespace hawser::kube {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr size_t kQueue = 1000;       // events that wait for the server
constexpr size_t kRemembered = 8192;  // events that may become a series
constexpr size_t kNote = 1024;        // octets
constexpr int kTries = 12;
constexpr Duration kSilence = minutes(6);   // ends a series
constexpr Duration kRefresh = minutes(30);  // a series that goes on is written that often
constexpr Duration kSweep = seconds(30);

std::string object_of(const ObjectReference& object) {
  std::string id;
  for (const std::string* part :
       {&object.api_version, &object.kind, &object.namespace_, &object.name, &object.uid})
    id += *part + '\n';
  return id;
}

// The note is not in it: the same thing said in other words is still the same thing.
std::string key_of(const EventNote& event) {
  return object_of(event.regarding) + (event.warning ? "W" : "N") + event.action + '\n' + event.reason;
}

}  // namespace

struct EventRecorder::Impl {
  struct Entry {
    EventState event;
    TimePoint last_seen{}, last_written{};
    uint64_t written_count = 0;  // 0: the server does not have it
    bool queued = false;
  };
  using Entries = std::map<std::string, Entry>;

  Impl(Client& client_in, Options options_in)
      : client(client_in),
        options(std::move(options_in)),
        jitter(std::hash<std::string>()(options.instance)) {}

  void record(EventNote event, TimePoint now, WallTime wall);
  void step(TimePoint now);
  void on_answer(const ApiAnswer& result, TimePoint now);
  void on_failed(Entry& entry, const ApiError& error, TimePoint now);
  void next(TimePoint now);
  void send(Entry& entry, TimePoint now);
  void enqueue(const std::string& key, Entry& entry);
  void sweep(TimePoint now);

  Client& client;
  const Options options;
  SeededJitter jitter;
  EventLimit limit;
  Entries entries;
  std::deque<std::string> queue;  // keys; the first is being written
  std::unique_ptr<Client::Call> call;
  std::optional<ApiAnswer> answer;
  uint64_t sent_count = 0;
  bool creating = false;
  int tries = 0;
  TimePoint retry_at{}, next_sweep{};
  uint64_t last_stamp = 0;
  uint64_t dropped = 0;
};

void EventRecorder::Impl::record(EventNote event, TimePoint now, WallTime wall) {
  event.note = clean_text(event.note, kNote);
  const std::string key = key_of(event);
  if (auto known = entries.find(key); known != entries.end()) {
    Entry& entry = known->second;
    entry.last_seen = now;
    entry.event.last = wall;
    // The second makes it a series, which people should see; of the others it is enough to keep count.
    if (++entry.event.count == 2) enqueue(key, entry);
    return;
  }
  if (entries.size() >= kRemembered || queue.size() >= kQueue ||
      !limit.allow(object_of(event.regarding), now)) {
    ++dropped;
    return;
  }
  // Two events of one moment must not have one name.
  last_stamp =
      std::max(last_stamp + 1, static_cast<uint64_t>(std::max<int64_t>(wall.time_since_epoch().count(), 0)));
  Entry entry;
  entry.event.name = event_name(event.regarding.name, last_stamp);
  entry.event.note = std::move(event);
  entry.event.first = entry.event.last = wall;
  entry.last_seen = now;
  enqueue(key, entries.emplace(key, std::move(entry)).first->second);
}

void EventRecorder::Impl::enqueue(const std::string& key, Entry& entry) {
  if (std::exchange(entry.queued, true)) return;
  queue.push_back(key);
}

void EventRecorder::Impl::step(TimePoint now) {
  if (answer) on_answer(*std::exchange(answer, std::nullopt), now);
  if (now >= next_sweep) sweep(now);
  if (!call && !queue.empty() && now >= retry_at) send(entries.at(queue.front()), now);
}

void EventRecorder::Impl::send(Entry& entry, TimePoint now) {
  ApiRequest request;
  request.timeout = seconds(10);
  request.path = events_path(entry.event.note.regarding);
  creating = entry.written_count == 0;
  sent_count = entry.event.count;
  if (creating) {
    request.method = HttpMethod::Post;
    request.body = event_body(entry.event, options.controller, options.instance);
  } else {
    request.method = HttpMethod::Patch;
    request.path += "/" + entry.event.name;
    request.content_type = "application/merge-patch+json";
    request.body = series_patch(entry.event);
  }
  ++tries;
  call = client.call(std::move(request), [this](ApiAnswer result) { answer = std::move(result); });
}

void EventRecorder::Impl::on_answer(const ApiAnswer& result, TimePoint now) {
  call.reset();
  Entry& entry = entries.at(queue.front());
  // A creation that is there already is our own, whose answer was lost: no other has this name.
  const bool is_there = creating && result.error && result.error->reason == "AlreadyExists";
  if (result.error && !is_there) return on_failed(entry, *result.error, now);
  // Of that one we do not know what it said.
  entry.written_count = is_there ? 1 : sent_count;
  entry.last_written = now;
  next(now);
  // It became a series, or counted on, while it was written.
  if (entry.event.count > 1 && entry.written_count == 1) enqueue(key_of(entry.event.note), entry);
}

void EventRecorder::Impl::on_failed(Entry& entry, const ApiError& error, TimePoint now) {
  if (!creating && error.code == 404) {
    entry.written_count = 0;  // the server keeps events for an hour: write it anew
    tries = 0;
    return;
  }
  // 401: the next try shows a token that was read anew.
  const bool worth_a_try = error.code == 0 || error.code == 401 || error.code == 429 || error.code >= 500;
  if (worth_a_try && tries < kTries) {
    retry_at = now + jitter.between(std::chrono::milliseconds(7500), std::chrono::milliseconds(12500));
    return;
  }
  ++dropped;
  const std::string key = queue.front();
  next(now);
  entries.erase(key);
}

void EventRecorder::Impl::next(TimePoint now) {
  entries.at(queue.front()).queued = false;
  queue.pop_front();
  tries = 0;
  retry_at = now;
}

void EventRecorder::Impl::sweep(TimePoint now) {
  next_sweep = now + kSweep;
  limit.sweep(now);
  for (auto it = entries.begin(); it != entries.end();) {
    auto& [key, entry] = *it;
    const bool silent = now - entry.last_seen >= kSilence;
    const bool behind = entry.written_count < entry.event.count;
    if (!entry.queued && behind && (silent || now - entry.last_written >= kRefresh)) enqueue(key, entry);
    it = silent && !entry.queued ? entries.erase(it) : std::next(it);
  }
}

EventRecorder::EventRecorder(Client& client, Options options)
    : impl_(std::make_unique<Impl>(client, std::move(options))) {}
EventRecorder::~EventRecorder() = default;

void EventRecorder::record(EventNote event, TimePoint now, WallTime wall) {
  impl_->record(std::move(event), now, wall);
}
void EventRecorder::step(TimePoint now, WallTime) { impl_->step(now); }

std::optional<TimePoint> EventRecorder::next_deadline() const {
  if (impl_->entries.empty() && impl_->limit.size() == 0) return std::nullopt;
  if (impl_->call || impl_->queue.empty()) return impl_->next_sweep;
  return std::min(impl_->retry_at, impl_->next_sweep);
}

uint64_t EventRecorder::dropped() const { return impl_->dropped; }

}  // namespace hawser::kube
