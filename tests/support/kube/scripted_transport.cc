#include "tests/support/kube/scripted_transport.h"

#include "common/base/check.h"

namespace hawser::testing {

using kube::HttpEvent;

struct ScriptedTransport::State {
  kube::HttpRequest request;
  mutable std::mutex mutex;
  Sink sink;  // empty: over, or the client left

  void deliver(HttpEvent event) {
    std::lock_guard lock(mutex);
    if (!sink) return;
    const bool last = event.type == HttpEvent::Type::End || event.type == HttpEvent::Type::Failed;
    sink(std::move(event));
    if (last) sink = nullptr;
  }
  void close() {
    std::lock_guard lock(mutex);
    sink = nullptr;
  }
  bool closed() const {
    std::lock_guard lock(mutex);
    return !sink;
  }
};

class ScriptedTransport::Handle final : public kube::HttpExchange {
 public:
  explicit Handle(std::shared_ptr<State> state) : state_(std::move(state)) {}
  ~Handle() override { state_->close(); }

 private:
  std::shared_ptr<State> state_;
};

const kube::HttpRequest& ScriptedTransport::Exchange::request() const { return state_->request; }

std::string ScriptedTransport::Exchange::target() const {
  return std::string(kube::to_string(state_->request.method)) + " " + state_->request.path;
}

bool ScriptedTransport::Exchange::cancelled() const { return state_->closed(); }

void ScriptedTransport::Exchange::head(int status, std::map<std::string, std::string> headers) const {
  state_->deliver({.type = HttpEvent::Type::Head, .status = status, .headers = std::move(headers)});
}

void ScriptedTransport::Exchange::data(const std::string& text) const {
  state_->deliver({.type = HttpEvent::Type::Data, .text = text});
}

void ScriptedTransport::Exchange::end() const { state_->deliver({.type = HttpEvent::Type::End}); }

void ScriptedTransport::Exchange::fail(const std::string& why) const {
  state_->deliver({.type = HttpEvent::Type::Failed, .text = why});
}

void ScriptedTransport::Exchange::answer(int status, const std::string& body,
                                         std::map<std::string, std::string> headers) const {
  head(status, std::move(headers));
  if (!body.empty()) data(body);
  end();
}

Result<kube::HttpResponse> ScriptedTransport::send(const kube::HttpRequest& request) {
  if (on_send) return on_send(request);
  return Error{ErrorCode::Unavailable, "no answer was scripted"};
}

std::unique_ptr<kube::HttpExchange> ScriptedTransport::start(kube::HttpRequest request, Sink sink) {
  auto state = std::make_shared<State>();
  state->request = std::move(request);
  state->sink = std::move(sink);
  {
    std::lock_guard lock(mutex_);
    exchanges_.push_back(state);
  }
  if (on_start) on_start(Exchange(state));
  return std::make_unique<Handle>(state);
}

size_t ScriptedTransport::count() const {
  std::lock_guard lock(mutex_);
  return exchanges_.size();
}

ScriptedTransport::Exchange ScriptedTransport::at(size_t index) const {
  std::lock_guard lock(mutex_);
  CHECK(index < exchanges_.size());
  return Exchange(exchanges_[index]);
}

std::vector<ScriptedTransport::Exchange> ScriptedTransport::open() const {
  std::lock_guard lock(mutex_);
  std::vector<Exchange> out;
  for (const auto& state : exchanges_)
    if (!state->closed()) out.emplace_back(state);
  return out;
}

}  // namespace hawser::testing
