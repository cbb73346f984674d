#include "tests/support/kube/model_client.h"

#include <algorithm>

#include "operator/kube/api_client.h"

namespace hawser::kube {
namespace {

constexpr Duration kNoAnswer = std::chrono::seconds(5), kIdle = std::chrono::seconds(90),
                   kBookmarks = std::chrono::seconds(60);

Duration lifetime_of(const ApiRequest& request) {
  for (const auto& [key, text] : request.query)
    if (key == "timeoutSeconds") return std::chrono::seconds(std::stoll(text));
  return std::chrono::hours(1);
}

ApiError no_answer(const char* why) { return {0, "", why, {}, {}}; }

}  // namespace

struct ModelClient::Handle final : Call {
  std::shared_ptr<UnderWay> work;
  ~Handle() override { work->over = true; }
};

std::unique_ptr<Client::Call> ModelClient::begin(std::shared_ptr<UnderWay> work,
                                                 std::list<std::shared_ptr<UnderWay>>& list) {
  work->sent = work->last_octet = work->last_bookmark = now_;
  work->due = now_ + dice_.between(Duration::zero(), faults.latency);
  asked.push_back(work->request);
  list.push_back(work);
  auto handle = std::make_unique<Handle>();
  handle->work = std::move(work);
  return handle;
}

std::unique_ptr<Client::Call> ModelClient::call(ApiRequest request, Done done) {
  auto work = std::make_shared<UnderWay>();
  work->request = std::move(request);
  work->done = std::move(done);
  return begin(std::move(work), calls_);
}

std::unique_ptr<Client::Call> ModelClient::watch(ApiRequest request, Pieces pieces) {
  auto work = std::make_shared<UnderWay>();
  work->request = std::move(request);
  work->pieces = std::move(pieces);
  return begin(std::move(work), watches_);
}

bool ModelClient::happens(int percent) {
  return percent > 0 && dice_.between(Duration(0), Duration(99)).count() < percent;
}

void ModelClient::step(TimePoint now) {
  now_ = now;
  // Copies: what is answered may begin something new.
  for (const auto& call : std::list(calls_))
    if (!call->over) step_call(*call);
  for (const auto& watch : std::list(watches_))
    if (!watch->over) step_watch(*watch);
  calls_.remove_if([](const auto& work) { return work->over; });
  watches_.remove_if([](const auto& work) { return work->over; });
}

std::optional<TimePoint> ModelClient::next_deadline() const { return now_ + std::chrono::milliseconds(50); }

void ModelClient::reset_watches() {
  for (const auto& watch : watches_) watch->reset = true;
}

ApiAnswer ModelClient::answer_of(ModelServer::Reply reply) {
  if (reply.status < 400) return {std::nullopt, std::move(reply.body)};
  return {error_from_status(reply.body), nullptr};
}

ApiError ModelClient::random_refusal() {
  static const ApiError kRefusals[] = {
      {429, "TooManyRequests", "slow down", {}, std::chrono::seconds(1)},
      {500, "InternalError", "etcd is away", {}, {}},
      {403, "Forbidden", "you may not", {}, {}},
      {503, "ServiceUnavailable", "starting", {}, {}},
  };
  return kRefusals[dice_.between(Duration(0), Duration(3)).count()];
}

void ModelClient::step_call(UnderWay& call) {
  if (!reachable) {
    if (now_ < call.sent + std::min(call.request.timeout, kNoAnswer)) return;
    call.over = true;
    return call.done({no_answer("timed out"), nullptr});
  }
  if (now_ < call.due) return;
  call.over = true;
  if (happens(faults.lost_request)) return call.done({no_answer("connection refused"), nullptr});
  if (happens(faults.refused)) return call.done({random_refusal(), nullptr});
  ApiAnswer answer = answer_of(server_.handle(call.request));
  if (happens(faults.lost_answer)) answer = {no_answer("connection reset"), nullptr};
  call.done(std::move(answer));
}

void ModelClient::end_watch(UnderWay& watch, std::vector<nlohmann::json> events,
                            std::optional<ApiError> error) {
  watch.over = true;
  watch.pieces({std::move(events), true, std::move(error)});
}

void ModelClient::open_watch(UnderWay& watch) {
  if (happens(faults.lost_request)) return end_watch(watch, {}, no_answer("connection refused"));
  if (happens(faults.refused)) return end_watch(watch, {}, random_refusal());
  if (auto refused = server_.open(watch.request, watch.cursor))
    return end_watch(watch, {}, error_from_status(refused->body));
  watch.opened = true;
  watch.last_octet = now_;
  watch.stalled = happens(faults.stalled);
  if (happens(50)) watch.pieces({});
}

void ModelClient::step_watch(UnderWay& watch) {
  if (watch.reset) return end_watch(watch, {}, no_answer("connection reset"));
  if (!reachable || watch.stalled) {
    if (now_ >= watch.last_octet + kIdle)
      end_watch(watch, {}, ApiError{0, "Idle", "90 s without a byte", {}, {}});
    return;
  }
  if (now_ < watch.due) return;
  if (!watch.opened) open_watch(watch);
  if (watch.over || watch.stalled) return;
  std::vector<nlohmann::json> events;
  for (nlohmann::json& event : server_.pull(watch.cursor, 40)) {
    if (happens(faults.cut)) return end_watch(watch, std::move(events), no_answer("connection reset"));
    if (happens(faults.cut_in_order)) return end_watch(watch, std::move(events), std::nullopt);
    if (happens(faults.repeated)) events.push_back(event);
    if (event["type"] != "ERROR") watch.history.push_back(event);
    events.push_back(std::move(event));
    if (happens(faults.replayed) && !watch.history.empty())
      events.push_back(watch.history[static_cast<size_t>(
          dice_.between(Duration(0), Duration(static_cast<int64_t>(watch.history.size()) - 1)).count())]);
  }
  if (watch.cursor.closed) return end_watch(watch, std::move(events), std::nullopt);
  if (now_ >= watch.last_bookmark + kBookmarks) {
    if (auto bookmark = server_.bookmark(watch.cursor)) {
      events.push_back(std::move(*bookmark));
      watch.last_bookmark = now_;
    }
  }
  if (now_ >= watch.sent + lifetime_of(watch.request))
    return end_watch(watch, std::move(events), std::nullopt);
  if (events.empty()) return;
  watch.last_octet = now_;
  watch.pieces({std::move(events), false, std::nullopt});
}

namespace {

struct ScriptedHandle final : Client::Call {
  std::shared_ptr<ScriptedClient::Exchange> exchange;
  ~ScriptedHandle() override { exchange->cancelled = true; }
};

std::unique_ptr<Client::Call> remember(ScriptedClient& client, ScriptedClient::Exchange exchange) {
  auto handle = std::make_unique<ScriptedHandle>();
  handle->exchange = std::make_shared<ScriptedClient::Exchange>(std::move(exchange));
  client.all.push_back(handle->exchange);
  return handle;
}

}  // namespace

std::unique_ptr<Client::Call> ScriptedClient::call(ApiRequest request, Done done) {
  return remember(*this, {std::move(request), false, false, std::move(done), {}});
}

std::unique_ptr<Client::Call> ScriptedClient::watch(ApiRequest request, Pieces pieces) {
  return remember(*this, {std::move(request), true, false, {}, std::move(pieces)});
}

}  // namespace hawser::kube
