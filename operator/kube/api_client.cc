#include "operator/kube/api_client.h"

#include <algorithm>
#include <set>

#include "operator/kube/api_error.h"
#include "operator/kube/http_event_queue.h"
#include "operator/kube/json_text.h"

namespace hawser::kube {
namespace {

using Json = nlohmann::json;
using Type = HttpEvent::Type;

constexpr int kMaxRetries = 10;                                // as client-go
constexpr Duration kReconnectDelay = std::chrono::seconds(1);  // likewise
constexpr Duration kWatchIdle = std::chrono::seconds(90);
constexpr size_t kMaxErrorBody = size_t{1} << 20;
constexpr size_t kMaxWarnings = 1000;

// One call or watch, over all its attempts.
struct Operation {
  uint64_t id = 0;
  ApiRequest request;
  std::string what;  // "GET /api/v1/pods", for messages
  Client::Done done;
  Client::Pieces pieces;  // set: a watch
  int attempt = 0;
  std::unique_ptr<HttpExchange> exchange;  // none: waits until `due`
  TimePoint due{};
  TimePoint sent{};
  TimePoint last_activity{};
  HttpResponse answer;  // of a watch that opened, the body is the line that has begun

  bool watching() const { return static_cast<bool>(pieces); }
  bool opened() const { return watching() && answer.status >= 200 && answer.status < 300; }
};

class ApiClient;

class Handle final : public Client::Call {
 public:
  Handle(std::weak_ptr<ApiClient*> client, uint64_t id) : client_(std::move(client)), id_(id) {}
  ~Handle() override;

 private:
  std::weak_ptr<ApiClient*> client_;
  uint64_t id_;
};

class ApiClient final : public Client {
 public:
  ApiClient(HttpTransport& transport, Credentials& credentials, ClientOptions options,
            std::function<void()> wake)
      : transport_(transport),
        credentials_(credentials),
        options_(std::move(options)),
        queue_(std::move(wake)),
        self_(std::make_shared<ApiClient*>(this)) {}

  std::unique_ptr<Call> call(ApiRequest request, Done done) override {
    return add(std::move(request), std::move(done), nullptr);
  }
  std::unique_ptr<Call> watch(ApiRequest request, Pieces pieces) override {
    return add(std::move(request), nullptr, std::move(pieces));
  }
  void step(TimePoint now) override;
  std::optional<TimePoint> next_deadline() const override;
  std::vector<std::string> take_warnings() override { return std::exchange(warnings_, {}); }
  RequestCounts requests() const override { return requests_; }

  // What dies with the operation may own other calls: it dies outside the map.
  void forget(uint64_t id) { auto node = operations_.extract(id); }

 private:
  // Shared: a callback may destroy its own call, and so must not die with it.
  using Pointer = std::shared_ptr<Operation>;

  std::unique_ptr<Call> add(ApiRequest request, Done done, Pieces pieces);
  void start(const Pointer& operation);
  void take(const Pointer& operation, HttpEvent event);
  void take_data(const Pointer& operation, const std::string& text);
  void take_lines(const Pointer& operation);
  void take_end(const Pointer& operation);
  void take_failure(const Pointer& operation, const std::string& why);
  void check_idle(const Pointer& operation);
  bool retry(Operation& operation, Duration delay);
  void finish(const Pointer& operation, std::optional<ApiError> error, Json body = nullptr);
  void finish_without_answer(const Pointer& operation, const std::string& reason, const std::string& why) {
    finish(operation, error_without_answer(operation->what, reason, why));
  }
  void note_warnings(const HttpResponse& answer);
  void count(const Operation& operation, int status) {
    ++requests_[{to_string(operation.request.method), status}];
  }
  // Of all operations at this moment: callbacks add and remove some.
  std::vector<Pointer> all() const;
  bool alive(const Pointer& operation) const { return operations_.contains(operation->id); }

  HttpTransport& transport_;
  Credentials& credentials_;
  const ClientOptions options_;
  HttpEventQueue queue_;
  TimePoint now_{};
  uint64_t next_id_ = 1;
  std::set<std::string> known_warnings_;
  std::vector<std::string> warnings_;
  RequestCounts requests_;
  // Members die from the last to the first: no handle finds a client that is going, and the exchanges end
  // before the queue that they feed.
  std::map<uint64_t, Pointer> operations_;
  std::shared_ptr<ApiClient*> self_;
};

Handle::~Handle() {
  if (auto client = client_.lock()) (*client)->forget(id_);
}

std::vector<ApiClient::Pointer> ApiClient::all() const {
  std::vector<Pointer> out;
  for (const auto& [id, operation] : operations_) out.push_back(operation);
  return out;
}

std::unique_ptr<Client::Call> ApiClient::add(ApiRequest request, Done done, Pieces pieces) {
  auto operation = std::make_shared<Operation>();
  operation->id = next_id_++;
  operation->what = std::string(to_string(request.method)) + " " + request.path;
  operation->request = std::move(request);
  operation->done = std::move(done);
  operation->pieces = std::move(pieces);
  operation->due = now_;
  auto handle = std::make_unique<Handle>(self_, operation->id);
  operations_[operation->id] = std::move(operation);
  return handle;
}

void ApiClient::step(TimePoint now) {
  now_ = now;
  for (HttpEventQueue::Entry& entry : queue_.take()) {
    auto found = operations_.find(entry.operation);
    if (found == operations_.end() || found->second->attempt != entry.attempt) continue;
    const Pointer operation = found->second;
    if (operation->exchange) take(operation, std::move(entry.event));
  }
  for (const Pointer& operation : all())
    if (alive(operation)) check_idle(operation);
  for (const Pointer& operation : all())
    if (alive(operation) && !operation->exchange && operation->due <= now_) start(operation);
}

std::optional<TimePoint> ApiClient::next_deadline() const {
  std::optional<TimePoint> next;
  for (const auto& [id, operation] : operations_) {
    if (operation->exchange && !operation->watching()) continue;  // the transport keeps its time
    const TimePoint due = operation->exchange ? operation->last_activity + kWatchIdle : operation->due;
    next = next ? std::min(*next, due) : due;
  }
  return next;
}

void ApiClient::start(const Pointer& operation) {
  auto authorization = credentials_.authorization(now_);
  if (!authorization) return finish_without_answer(operation, "Credentials", authorization.error().message);
  HttpRequest request;
  request.method = operation->request.method;
  request.path = escaped_target(operation->request);
  request.headers = {{"Accept", "application/json"}, {"User-Agent", options_.user_agent}};
  if (!operation->request.body.empty()) request.headers["Content-Type"] = operation->request.content_type;
  if (!authorization->empty()) request.headers["Authorization"] = *authorization;
  request.body = operation->request.body;
  request.timeout = operation->watching() ? Duration{} : operation->request.timeout;
  operation->answer = {};
  operation->sent = operation->last_activity = now_;
  const int attempt = ++operation->attempt;
  operation->exchange = transport_.start(
      std::move(request),
      [this, id = operation->id, attempt](HttpEvent event) { queue_.push(id, attempt, std::move(event)); });
}

void ApiClient::take(const Pointer& operation, HttpEvent event) {
  operation->last_activity = now_;
  switch (event.type) {
    case Type::Head:
      operation->answer.status = event.status;
      operation->answer.headers = std::move(event.headers);
      count(*operation, event.status);
      note_warnings(operation->answer);
      if (event.status == 401) credentials_.refused(operation->sent);
      if (operation->opened()) operation->pieces({});
      return;
    case Type::Data:
      return take_data(operation, event.text);
    case Type::End:
      return take_end(operation);
    case Type::Failed:
      return take_failure(operation, event.text);
  }
}

void ApiClient::take_data(const Pointer& operation, const std::string& text) {
  HttpResponse& answer = operation->answer;
  answer.body += text;
  if (operation->opened()) return take_lines(operation);
  const bool failed = answer.status < 200 || answer.status >= 300;
  const size_t limit = failed ? kMaxErrorBody : options_.max_answer;
  if (answer.body.size() > limit)
    finish_without_answer(operation, "TooLarge",
                          "the answer has more than the " + std::to_string(limit) + " octets allowed");
}

// Hands out the whole lines, and keeps the one that has begun.
void ApiClient::take_lines(const Pointer& operation) {
  std::string& body = operation->answer.body;
  WatchPiece piece;
  std::string trouble;
  size_t begin = 0;
  for (size_t end; trouble.empty() && (end = body.find('\n', begin)) != std::string::npos; begin = end + 1) {
    if (end == begin) continue;
    if (end - begin > options_.max_line) trouble = "TooLarge";
    Json event = trouble.empty() ? parse_answer(std::string_view(body).substr(begin, end - begin)) : Json();
    if (event.is_discarded()) trouble = "BadAnswer";
    if (trouble.empty()) piece.events.push_back(std::move(event));
  }
  body.erase(0, std::min(begin, body.size()));
  if (trouble.empty() && body.size() > options_.max_line) trouble = "TooLarge";
  if (!trouble.empty()) {
    piece.end = true;
    piece.error = error_without_answer(
        operation->what, trouble,
        trouble == "TooLarge" ? "an event of the watch is too large" : "an event of the watch is no JSON");
    operation->exchange.reset();
    forget(operation->id);
  }
  if (piece.end || !piece.events.empty()) operation->pieces(std::move(piece));
}

void ApiClient::take_end(const Pointer& operation) {
  const HttpResponse& answer = operation->answer;
  if (operation->opened()) {
    if (answer.body.empty()) return finish(operation, std::nullopt);
    return finish_without_answer(operation, "Cut", "the watch ended in the middle of an event");
  }
  if (answer.status < 200 || answer.status >= 300) {
    ApiError error = error_from_answer(operation->what, answer);
    const bool again =
        (answer.status == 429 || answer.status >= 500) && answer.headers.contains("retry-after");
    if (again && error.retry_after && retry(*operation, *error.retry_after)) return;
    return finish(operation, std::move(error));
  }
  Json body = parse_answer(answer.body);
  if (body.is_discarded())
    return finish_without_answer(operation, "BadAnswer", "the server's answer is no JSON");
  finish(operation, std::nullopt, std::move(body));
}

void ApiClient::take_failure(const Pointer& operation, const std::string& why) {
  // A GET that never reached anybody, or whose connection died before it was answered. Not one that took all
  // its time: the next would take as long.
  const bool unanswered = operation->answer.status == 0;
  if (unanswered) count(*operation, 0);
  const bool in_time = now_ - operation->sent < operation->request.timeout;
  if (unanswered && in_time && operation->request.method == HttpMethod::Get &&
      retry(*operation, kReconnectDelay))
    return;
  finish_without_answer(operation, "", why);
}

void ApiClient::check_idle(const Pointer& operation) {
  if (operation->exchange && operation->watching() && now_ - operation->last_activity >= kWatchIdle)
    finish_without_answer(operation, "Idle", "the watch brought nothing for 90 s");
}

bool ApiClient::retry(Operation& operation, Duration delay) {
  if (operation.watching() || operation.attempt > kMaxRetries) return false;
  operation.exchange.reset();
  operation.due = now_ + delay;
  return true;
}

void ApiClient::finish(const Pointer& operation, std::optional<ApiError> error, Json body) {
  operation->exchange.reset();
  forget(operation->id);
  if (operation->watching()) {
    operation->pieces({.events = {}, .end = true, .error = std::move(error)});
  } else {
    operation->done({.error = std::move(error), .body = std::move(body)});
  }
}

void ApiClient::note_warnings(const HttpResponse& answer) {
  auto header = answer.headers.find("warning");
  if (header == answer.headers.end()) return;
  for (const std::string& text : warning_texts(header->second))
    if (known_warnings_.size() < kMaxWarnings && known_warnings_.insert(text).second)
      warnings_.push_back(text);
}

}  // namespace

std::string user_agent(const std::string& program, const std::string& version) {
#if defined(__aarch64__)
  constexpr const char* kMachine = "arm64";
#else
  constexpr const char* kMachine = "amd64";
#endif
  return program + "/" + version + " (linux/" + kMachine + ")";
}

std::unique_ptr<Client> make_client(HttpTransport& transport, Credentials& credentials, ClientOptions options,
                                    std::function<void()> wake) {
  return std::make_unique<ApiClient>(transport, credentials, std::move(options), std::move(wake));
}

}  // namespace hawser::kube
