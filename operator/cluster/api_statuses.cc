#include "operator/cluster/api_statuses.h"

#include <utility>

#include "operator/api/codec.h"
#include "operator/cluster/object_codec.h"

namespace hawser::cluster {
namespace {

constexpr kube::WorkQueue<api::ObjectKey>::Limits kLimits{std::chrono::milliseconds(50),
                                                          std::chrono::seconds(60)};

std::optional<api::Status> parse(const nlohmann::json& json) {
  if (!json.is_object() || json.empty()) return std::nullopt;
  auto status = api::status_from_json(nlohmann::ordered_json(json));
  // What another version wrote is as good as nothing: it is written anew. So is the default that the API
  // server gives to an object before our first look (operator/crd): its lastTransitionTime is no time of
  // ours.
  if (!status || !json.contains("observedGeneration")) return std::nullopt;
  return *std::move(status);
}

kube::ApiRequest make_request(const api::ObjectKey& key, const std::string& uid, const api::Status& status) {
  const std::string version(api::kApiVersion);
  nlohmann::ordered_json body = {{"apiVersion", version}, {"kind", std::string(api::row(key.kind).name)}};
  body["metadata"] = {{"name", key.name}, {"namespace", key.namespace_}};
  // A new object of the same name is not the one that was judged.
  if (!uid.empty()) body["metadata"]["uid"] = uid;
  body["status"] = api::status_to_json(status);
  kube::ApiRequest request;
  request.method = kube::HttpMethod::Patch;
  request.path = "/apis/" + version + "/namespaces/" + key.namespace_ + "/" +
                 std::string(api::row(key.kind).plural) + "/" + key.name + "/status";
  request.query = {{"fieldManager", ApiStatuses::kFieldManager}, {"force", "true"}};
  request.content_type = "application/apply-patch+yaml";
  request.body = body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return request;
}

}  // namespace

ApiStatuses::ApiStatuses(kube::Client& client) : client_(client), queue_(kLimits) {}
ApiStatuses::~ApiStatuses() = default;

std::map<api::ObjectKey, api::Status> ApiStatuses::statuses() const {
  std::map<api::ObjectKey, api::Status> all;
  for (const auto& [key, entry] : entries_)
    if (present(entry)) all[key] = *present(entry);
  return all;
}

void ApiStatuses::want(const api::ObjectKey& key, Entry& entry, std::optional<api::Status> status) {
  if (entry.wanted) --unwritten_;
  entry.wanted = std::move(status);
  if (!entry.wanted) {
    forbidden_.erase(key);
    return;
  }
  ++unwritten_;
  queue_.add(key);
}

Result<bool> ApiStatuses::write(const api::ObjectKey& key, const api::ObjectMeta& meta,
                                const api::Status& status) {
  Entry& entry = entries_[key];
  entry.ours = true;
  entry.uid = meta.uid;
  if (entry.wanted ? *entry.wanted == status : present(entry) == status) return false;
  // Back to what is there, before the other could be sent.
  const bool back = entry.call == nullptr && present(entry) == status;
  want(key, entry, back ? std::nullopt : std::optional(status));
  return !back;
}

Result<void> ApiStatuses::remove(const api::ObjectKey& key) {
  drop(key);
  return {};
}

void ApiStatuses::gone(const api::ObjectKey& key) { drop(key); }

void ApiStatuses::drop(const api::ObjectKey& key) {
  auto found = entries_.find(key);
  if (found == entries_.end()) return;
  if (found->second.call) {
    --in_flight_;
    queue_.done(key);
  }
  if (found->second.wanted) --unwritten_;
  queue_.forget(key);
  forbidden_.erase(key);
  entries_.erase(found);
}

void ApiStatuses::saw(const api::ObjectKey& key, uint64_t resource_version, const nlohmann::json& status) {
  Entry& entry = entries_[key];
  // A late event of what the answer to a write has told already.
  if (resource_version != 0 && resource_version <= entry.resource_version) return;
  entry.resource_version = resource_version;
  std::optional<api::Status> seen = parse(status);
  if (seen == entry.there) return;
  std::optional<api::Status> before = present(entry);
  entry.there = std::move(seen);
  entry.settled.reset();
  if (entry.call) return;  // its answer settles it
  if (entry.wanted) {
    if (entry.wanted == entry.there) want(key, entry, std::nullopt);
  } else if (entry.ours) {
    want(key, entry, std::move(before));
  }
}

void ApiStatuses::step(TimePoint now, const std::function<bool()>& may_act) {
  now_ = now;
  ended_.clear();
  while (in_flight_ < kInFlight && unwritten_ > 0 && (!may_act || may_act())) {
    std::optional<api::ObjectKey> key = queue_.get(now);
    if (!key) return;
    auto found = entries_.find(*key);
    if (found != entries_.end() && found->second.wanted) {
      send(*key, found->second);
    } else {
      queue_.done(*key);
    }
  }
}

std::optional<TimePoint> ApiStatuses::next_deadline() const {
  return in_flight_ < kInFlight && unwritten_ > 0 ? queue_.next_deadline() : std::nullopt;
}

void ApiStatuses::send(const api::ObjectKey& key, Entry& entry) {
  ++in_flight_;
  entry.sent = entry.wanted;
  entry.call = client_.call(make_request(key, entry.uid, *entry.wanted),
                            [this, key](kube::ApiAnswer answer) { finish(key, std::move(answer)); });
}

void ApiStatuses::finish(const api::ObjectKey& key, kube::ApiAnswer answer) {
  auto found = entries_.find(key);
  if (found == entries_.end() || !found->second.call) return;
  Entry& entry = found->second;
  --in_flight_;
  ended_.push_back(std::move(entry.call));
  queue_.done(key);
  const std::optional<api::Status> sent = std::exchange(entry.sent, std::nullopt);
  if (answer.error) return fail(key, entry, sent, *answer.error);
  told_failure_ = -1;
  forbidden_.erase(key);
  queue_.forget(key);
  const uint64_t version = resource_version_of(answer.body);
  if (version >= entry.resource_version) {
    entry.resource_version = version;
    // A server with older CRDs drops the fields that it does not know. That is no reason to write them again.
    auto kept = answer.body.find("status");
    entry.there = kept == answer.body.end() ? sent : parse(*kept);
    entry.settled = sent;
  }
  if (entry.wanted == present(entry)) {
    want(key, entry, std::nullopt);
  } else if (entry.wanted) {
    queue_.add(key);
  }
}

void ApiStatuses::fail(const api::ObjectKey& key, Entry& entry, const std::optional<api::Status>& sent,
                       const kube::ApiError& error) {
  constexpr int kForbidden = 403;
  constexpr int kNotFound = 404;
  constexpr int kInvalid = 422;
  constexpr int kBadRequest = 400;
  if (error.code == kNotFound) return want(key, entry, std::nullopt);  // it is gone
  const std::string text = "cannot write the status of " + key.to_string() + ": " + error.message;
  if (error.code == kInvalid || error.code == kBadRequest) {
    notices_.push_back({store::Notice::Level::Error, text + "; not tried again before it changes"});
    // What came to be wanted meanwhile may well be taken.
    if (entry.wanted != sent) return queue_.add(key);
    entry.settled = sent;
    return want(key, entry, std::nullopt);
  }
  if (error.code == kForbidden) forbidden_[key] = "forbidden to write statuses: " + error.message;
  if (std::exchange(told_failure_, error.code) != error.code)
    notices_.push_back({store::Notice::Level::Warning, text + "; trying on"});
  queue_.add_rate_limited(key, now_);
}

std::vector<store::Notice> ApiStatuses::take_notices() { return std::exchange(notices_, {}); }

}  // namespace hawser::cluster
