#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "operator/kube/http_transport.h"

namespace hawser::kube {

// Why a call failed: metav1.Status, or what stands in its place when there was no answer.
struct ApiError {
  int code = 0;         // HTTP status; 0: no answer
  std::string reason;   // "Conflict", "Expired", "Invalid"…; empty when the server gave none
  std::string message;  // with the verb and the path, for people
  struct Cause {
    std::string reason;  // "FieldValueInvalid"
    std::string field;   // "spec.dpdTimeoutSeconds"
    std::string message;
  };
  std::vector<Cause> causes;
  std::optional<Duration> retry_after;  // Retry-After or details.retryAfterSeconds
};

struct ApiRequest {
  HttpMethod method = HttpMethod::Get;
  std::string path{};                                        // "/apis/hawser.dev/v1alpha1/connections"
  std::vector<std::pair<std::string, std::string>> query{};  // not escaped
  std::string content_type = "application/json";
  std::string body{};
  Duration timeout = std::chrono::seconds(30);  // of a call, each attempt
};

struct ApiAnswer {
  std::optional<ApiError> error;
  nlohmann::json body;  // null after an error
};

// A piece of a watch: whole lines of the answer, parsed. After `end` nothing follows. The first piece may be
// empty: the server has accepted the watch.
struct WatchPiece {
  std::vector<nlohmann::json> events{};  // {"type": …, "object": …}
  bool end = false;
  std::optional<ApiError>
      error{};  // only with end: the watch did not open, or broke; none: the server ended it
};

// Requests so far by method and status, each attempt by itself; 0: no answer.
using RequestCounts = std::map<std::pair<std::string, int>, uint64_t>;

// One API server, over one transport. Belongs to one thread: answers come inside step() only, never inside
// call() or watch(); next_deadline() is due after both. Calls are tried again as client-go does: up to 10
// times, for 429 and 5xx that carry Retry-After, and for GET when the connection failed before a byte of the
// answer. Warning headers are kept once each for take_warnings().
class Client {
 public:
  // Under way for as long as it lives; destroying it cancels, and the answer never comes.
  class Call {
   public:
    virtual ~Call() = default;
  };
  using Done = std::function<void(ApiAnswer)>;
  using Pieces = std::function<void(WatchPiece)>;

  virtual ~Client() = default;
  [[nodiscard]] virtual std::unique_ptr<Call> call(ApiRequest request, Done done) = 0;
  // 90 s without a byte end a watch with an error of code 0 and reason "Idle".
  [[nodiscard]] virtual std::unique_ptr<Call> watch(ApiRequest request, Pieces pieces) = 0;
  // Takes in what the transport brought and starts what is due again.
  virtual void step(TimePoint now) = 0;
  // When step() has something to do without an event of the transport.
  virtual std::optional<TimePoint> next_deadline() const = 0;
  virtual std::vector<std::string> take_warnings() = 0;
  virtual RequestCounts requests() const = 0;
};

}  // namespace hawser::kube
