#include "operator/kube/reflector.h"

#include <algorithm>
#include <utility>

#include "operator/kube/api_client.h"
#include "operator/kube/api_error.h"
#include "operator/kube/json_text.h"
#include "operator/kube/object_versions.h"
#include "operator/kube/reflector_io.h"
#include "operator/kube/resource_version.h"
#include "operator/kube/retry_delay.h"

namespace hawser::kube {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kShortWatch = seconds(1);   // a watch without news that ends sooner is an error
constexpr Duration kSlowList = seconds(10);    // a streaming list without its end: say so
constexpr Duration kStuckList = seconds(30);   // …and without news: this server does not know it
constexpr Duration kOpened = seconds(35);      // longer than a connection may take to open
constexpr Duration kMissingKind = seconds(5);  // a CRD may come any moment, and asking costs little
constexpr int kBrokenLists = 3;                // streaming lists that broke, before the plain one is tried
constexpr int kInternalErrors = 3;             // of a watch in a row, before the list is read again

}  // namespace

struct Reflector::Impl {
  // Waiting: nothing is under way, `wants_list` says what comes next, at `due`. List: also the GET of one
  // object.
  enum class Phase { Waiting, StreamingList, List, Watch };

  Impl(Client& client_in, Scope scope_in, Jitter& jitter_in)
      : client(client_in), scope(std::move(scope_in)), jitter(jitter_in), delay(jitter_in) {}

  void step(TimePoint now);
  void take_in(TimePoint now);
  void start(TimePoint now);
  void start_list();
  void start_lookup();
  void start_watch(bool streaming_list, TimePoint now);
  void look_at_silence(TimePoint now);

  void on_answer(ApiAnswer result, TimePoint now);
  void on_looked_up(ApiAnswer result, TimePoint now);
  void on_piece(WatchPiece piece, TimePoint now);
  void on_event(nlohmann::json event, TimePoint now);
  void on_bookmark(const nlohmann::json& object, TimePoint now);
  void on_list_failed(const ApiError& error, TimePoint now);
  void on_watch_ended(const std::optional<ApiError>& error, TimePoint now);
  void on_watch_refused(const ApiError& error, TimePoint now);
  void on_watch_quiet_end(const ApiError* broken, TimePoint now);
  void on_streaming_list_ended(const std::optional<ApiError>& error, TimePoint now);
  void finish_list(const std::string& version, TimePoint now);
  void note_listed();

  void stop_exchange();
  void again_now(bool list);
  void again_later(bool list, const ApiError& error, TimePoint now);
  void again_from_newest(const ApiError& error, TimePoint now);

  Client& client;
  const Scope scope;
  Jitter& jitter;
  RetryDelay delay;

  Phase phase = Phase::Waiting;
  TimePoint due{};
  bool wants_list = true;
  bool streaming_refused = false;  // by this server, for good
  bool plain_list_next = false;
  bool ask_newest = false;  // the list's version is too old or too new for the server
  bool asked_newest_at_once = false;
  int broken_lists = 0, internal_errors = 0;

  std::unique_ptr<Client::Call> exchange;
  std::optional<ApiAnswer> answer;  // what the exchange brought since the last step
  // Of one object by name. A watch begins with what is there and cannot say that nothing is; a GET can.
  std::unique_ptr<Client::Call> lookup;
  std::optional<ApiAnswer> looked_up;
  bool confirming = false;  // the GET has not answered yet
  bool changed_since_lookup = false;
  std::vector<WatchPiece> pieces;
  TimePoint opened{}, last_piece{};
  bool accepted = false;  // the server has answered the watch
  bool progress = false;  // the watch brought something new

  ObjectVersions versions;
  std::string list_version;     // that the list under way was asked for
  ObjectVersions::List listed;  // so far
  std::string page;

  std::vector<ObjectChange> changes;
  bool listed_once = false, synced = false;
  size_t lists = 0, idle_ends = 0;
  std::string trouble;
  bool unanswered = false;  // what the trouble is, if there is one
};

void Reflector::Impl::step(TimePoint now) {
  take_in(now);
  look_at_silence(now);
  if (phase == Phase::Waiting && due <= now) start(now);
}

void Reflector::Impl::take_in(TimePoint now) {
  if (answer) on_answer(*std::exchange(answer, std::nullopt), now);
  if (looked_up) on_looked_up(*std::exchange(looked_up, std::nullopt), now);
  for (WatchPiece& piece : std::exchange(pieces, {})) {
    // What follows the end of an exchange belongs to nobody.
    if (phase != Phase::StreamingList && phase != Phase::Watch) return;
    on_piece(std::move(piece), now);
  }
}

void Reflector::Impl::start(TimePoint now) {
  if (!wants_list) return start_watch(false, now);
  listed.clear();
  page.clear();
  if (!scope.name.empty()) {
    confirming = true;
    return start_watch(false, now);
  }
  const bool first = versions.version().empty();
  const bool plain = streaming_refused || plain_list_next;
  // A first plain list may come from the server's cache; a streaming one costs the server nothing anyway.
  list_version = ask_newest ? "" : first ? (plain ? "0" : "") : versions.version();
  if (plain) {
    start_list();
  } else {
    start_watch(true, now);
  }
}

void Reflector::Impl::start_list() {
  phase = Phase::List;
  exchange = client.call(list_request(scope, list_version, page),
                         [this](ApiAnswer result) { answer = std::move(result); });
}

void Reflector::Impl::start_watch(bool streaming_list, TimePoint now) {
  phase = streaming_list ? Phase::StreamingList : Phase::Watch;
  opened = last_piece = now;
  accepted = progress = false;
  const Duration lifetime = jitter.between(minutes(5), minutes(10));
  exchange =
      client.watch(streaming_list ? streaming_list_request(scope, list_version, lifetime)
                                  : watch_request(scope, confirming ? "" : versions.version(), lifetime),
                   [this](WatchPiece piece) { pieces.push_back(std::move(piece)); });
}

void Reflector::Impl::look_at_silence(TimePoint now) {
  if (phase == Phase::Watch && !confirming && now - opened >= kOpened) trouble.clear();
  if (phase != Phase::StreamingList) return;
  if (now - last_piece >= kStuckList) {
    stop_exchange();
    plain_list_next = true;
    again_now(true);
  } else if (now - opened >= kSlowList && trouble.empty()) {
    trouble = "the list of " + scope.path + " has not come to its end for 10 s";
    unanswered = false;
  }
}

void Reflector::Impl::on_answer(ApiAnswer result, TimePoint now) {
  stop_exchange();
  if (result.error) return on_list_failed(*result.error, now);
  const std::string kind = text_at(result.body, {"kind"});
  const std::string version = text_at(result.body, {"metadata", "resourceVersion"});
  auto items = result.body.is_object() ? result.body.find("items") : result.body.end();
  if (!kind.ends_with("List") || version.empty() || items == result.body.end() ||
      !(items->is_array() || items->is_null()))
    return again_later(true, {200, "NotAList", "the answer is no list", {}, {}}, now);
  for (nlohmann::json& item : *items) {
    std::string key = key_of(item);
    // Left out, it would count as gone.
    if (key.empty())
      return again_later(true, {200, "NotAList", "an item of the list has no name or no version", {}, {}},
                         now);
    strip(item);
    // Items of a list do not repeat what they are; everything else that carries an object does.
    item.emplace("kind", kind.substr(0, kind.size() - 4));
    item.emplace("apiVersion", text_at(result.body, {"apiVersion"}));
    listed.insert_or_assign(std::move(key), std::move(item));
  }
  page = text_at(result.body, {"metadata", "continue"});
  if (!page.empty()) return start_list();
  finish_list(version, now);
}

// Sent when the watch of the object has begun, so that nothing falls between the two.
void Reflector::Impl::start_lookup() {
  changed_since_lookup = false;
  lookup = client.call(get_request(scope), [this](ApiAnswer result) { looked_up = std::move(result); });
}

void Reflector::Impl::on_looked_up(ApiAnswer result, TimePoint now) {
  lookup.reset();
  const bool absent = result.error && result.error->code == 404;
  if (result.error && !absent) {
    stop_exchange();
    return again_later(true, *result.error, now);
  }
  std::string key = absent ? "" : key_of(result.body);
  if (!absent && (key.empty() || text_at(result.body, {"metadata", "name"}) != scope.name)) {
    stop_exchange();
    return again_later(true, {200, "NotTheObject", "the answer is not that object", {}, {}}, now);
  }
  const std::string version = text_at(result.body, {"metadata", "resourceVersion"});
  // The watch has told of something newer than this answer.
  if (changed_since_lookup && (absent ? versions.size() > 0 : newer(versions.version(), version)))
    return start_lookup();
  ObjectVersions::List found;
  if (!absent) {
    strip(result.body);
    found.emplace(std::move(key), std::move(result.body));
  }
  // Authoritative: a GET answers with the newest state.
  versions.replace(std::move(found), absent ? versions.version() : version, true, changes);
  confirming = false;
  note_listed();
}

void Reflector::Impl::on_piece(WatchPiece piece, TimePoint now) {
  last_piece = now;
  accepted |= !piece.end || !piece.events.empty();
  if (phase == Phase::Watch && accepted && !piece.error && !confirming) trouble.clear();
  for (nlohmann::json& event : piece.events) {
    on_event(std::move(event), now);
    if (phase == Phase::Waiting) return;
  }
  if (piece.end) return on_watch_ended(piece.error, now);
  if (confirming && !lookup) start_lookup();
}

void Reflector::Impl::on_event(nlohmann::json event, TimePoint now) {
  const std::string type = text_at(event, {"type"});
  auto member = event.is_object() ? event.find("object") : event.end();
  nlohmann::json object = member == event.end() ? nlohmann::json() : std::move(*member);
  if (type == "ERROR") {
    ApiError error = error_from_status(object);
    if (error.code == 0) error.code = 500;  // the server did answer
    return on_watch_ended(error, now);
  }
  if (type == "BOOKMARK") return on_bookmark(object, now);
  const bool gone = type == "DELETED";
  std::string key = key_of(object);
  // What a newer server may say and we do not know is no reason to stop.
  if (key.empty() || !(gone || type == "ADDED" || type == "MODIFIED")) return;
  strip(object);
  if (phase == Phase::StreamingList) {
    if (gone) {
      listed.erase(key);
    } else {
      listed.insert_or_assign(std::move(key), std::move(object));
    }
    return;
  }
  const std::string before = versions.version();
  auto change = gone ? versions.remove(std::move(object)) : versions.upsert(std::move(object));
  if (change) {
    changes.push_back(std::move(*change));
    changed_since_lookup = true;
  }
  progress |= versions.version() != before;
}

void Reflector::Impl::on_bookmark(const nlohmann::json& object, TimePoint now) {
  const std::string version = text_at(object, {"metadata", "resourceVersion"});
  if (version.empty()) return;
  if (phase == Phase::Watch) {
    progress |= newer(version, versions.version());
    versions.advance(version);
  } else if (text_at(object, {"metadata", "annotations", "k8s.io/initial-events-end"}) == "true") {
    finish_list(version, now);
  }
}

void Reflector::Impl::finish_list(const std::string& version, TimePoint now) {
  if (!versions.replace(std::exchange(listed, {}), version, list_version.empty(), changes)) {
    stop_exchange();
    return again_from_newest(
        {200, "StaleList", "the list is older than what the server has said before", {}, {}}, now);
  }
  note_listed();
  if (phase == Phase::StreamingList) {
    phase = Phase::Watch;  // the same stream goes on
    progress = true;
  } else {
    start_watch(false, now);
  }
}

void Reflector::Impl::note_listed() {
  ++lists;
  listed_once = true;
  ask_newest = asked_newest_at_once = plain_list_next = false;
  broken_lists = internal_errors = 0;
  trouble.clear();
}

void Reflector::Impl::on_list_failed(const ApiError& error, TimePoint now) {
  if (is_expired(error) || is_too_large(error)) return again_from_newest(error, now);
  // Who may not list may perhaps watch.
  if (error.code == 403) plain_list_next = false;
  again_later(true, error, now);
}

void Reflector::Impl::on_watch_ended(const std::optional<ApiError>& error, TimePoint now) {
  stop_exchange();
  if (phase == Phase::StreamingList) return on_streaming_list_ended(error, now);
  if (progress) internal_errors = 0;
  if (!error) return on_watch_quiet_end(nullptr, now);
  if (error->code != 0 || error->reason == "Idle") return on_watch_refused(*error, now);
  on_watch_quiet_end(&*error, now);
}

// The server has ended it in order, or the connection broke: it goes on from where it was. How long a broken
// one lived tells nothing, it may never have opened.
void Reflector::Impl::on_watch_quiet_end(const ApiError* broken, TimePoint now) {
  if (progress || (!broken && now - opened >= kShortWatch)) return again_now(false);
  again_later(false, broken ? *broken : ApiError{0, "ShortWatch", "the watch ended at once", {}, {}}, now);
}

void Reflector::Impl::on_watch_refused(const ApiError& error, TimePoint now) {
  if (error.reason == "Idle") {
    ++idle_ends;
    return accepted ? again_now(false) : again_later(false, error, now);
  }
  if (is_too_large(error)) return again_from_newest(error, now);
  const bool retry =
      error.code == 401 || error.code == 429 || (error.code == 500 && ++internal_errors <= kInternalErrors);
  again_later(!retry, error, now);
}

void Reflector::Impl::on_streaming_list_ended(const std::optional<ApiError>& error, TimePoint now) {
  listed.clear();
  const ApiError why = error.value_or(ApiError{0, "ShortList", "the list ended before it was whole", {}, {}});
  if (is_expired(why) || is_too_large(why)) return again_from_newest(why, now);
  if (why.code == 0 || why.code == 429) {
    if (why.code == 0 && ++broken_lists >= kBrokenLists) plain_list_next = true;
    return again_later(true, why, now);
  }
  // The plain list would be told the same.
  if (why.code == 401 || why.code == 403 || why.code == 404) return again_later(true, why, now);
  // 422: this server has the feature off. Anything else: the plain list will tell, or do.
  streaming_refused |= why.code == 422 || why.code == 400;
  plain_list_next = true;
  again_now(true);
}

void Reflector::Impl::stop_exchange() {
  exchange.reset();
  lookup.reset();
  answer.reset();
  looked_up.reset();
  pieces.clear();
  confirming = false;
}

// A single object has no version of its collection to go on from: its own may be long compacted.
void Reflector::Impl::again_now(bool list) {
  phase = Phase::Waiting;
  wants_list = list || !scope.name.empty();
  due = TimePoint{};
}

void Reflector::Impl::again_later(bool list, const ApiError& error, TimePoint now) {
  trouble = explain(scope, error);
  unanswered = error.code == 0 && (error.reason.empty() || error.reason == "Credentials");
  phase = Phase::Waiting;
  wants_list = list || !scope.name.empty();
  const Duration wait = error.code == 404 ? delay.next(now, kMissingKind) : delay.next(now);
  due = now + std::max(wait, error.retry_after.value_or(Duration::zero()));
}

void Reflector::Impl::again_from_newest(const ApiError& error, TimePoint now) {
  ask_newest = true;
  if (std::exchange(asked_newest_at_once, true)) return again_later(true, error, now);
  again_now(true);
}

Reflector::Reflector(Client& client, Scope scope, Jitter& jitter)
    : impl_(std::make_unique<Impl>(client, std::move(scope), jitter)) {}
Reflector::~Reflector() = default;

void Reflector::step(TimePoint now) { impl_->step(now); }

std::optional<TimePoint> Reflector::next_deadline() const {
  switch (impl_->phase) {
    case Impl::Phase::Waiting:
      return impl_->due;
    case Impl::Phase::StreamingList: {
      const TimePoint stuck = impl_->last_piece + kStuckList;
      return impl_->trouble.empty() ? std::min(stuck, impl_->opened + kSlowList) : stuck;
    }
    case Impl::Phase::Watch:
      if (!impl_->trouble.empty() && !impl_->confirming) return impl_->opened + kOpened;
      return std::nullopt;
    case Impl::Phase::List:
      return std::nullopt;
  }
  return std::nullopt;
}

std::vector<ObjectChange> Reflector::take_changes() {
  if (!impl_->listed_once) return {};
  impl_->synced = impl_->listed_once;
  return std::exchange(impl_->changes, {});
}

bool Reflector::synced() const { return impl_->synced; }
std::string Reflector::trouble() const { return impl_->trouble; }
bool Reflector::unanswered() const { return impl_->unanswered && !impl_->trouble.empty(); }
const std::string& Reflector::version() const { return impl_->versions.version(); }
size_t Reflector::idle_ends() const { return impl_->idle_ends; }
size_t Reflector::relists() const { return impl_->lists == 0 ? 0 : impl_->lists - 1; }

}  // namespace hawser::kube
