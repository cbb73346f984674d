#include "operator/cluster/api_objects.h"

#include <algorithm>
#include <utility>

#include "operator/cluster/object_codec.h"
#include "operator/store/clone.h"

namespace hawser::cluster {
namespace {

using api::Kind;

std::pair<std::string, std::string> split(const std::string& key) {
  const size_t slash = key.find('/');
  if (slash == std::string::npos) return {"", key};
  return {key.substr(0, slash), key.substr(slash + 1)};
}

std::string collection(const api::KindRow& row, const std::string& namespace_) {
  std::string path = "/apis/" + std::string(api::kApiVersion) + "/";
  if (!namespace_.empty()) path += "namespaces/" + namespace_ + "/";
  return path + std::string(row.plural);
}

// As Kubernetes names objects. Nothing else may stand in the path or the selector of a request.
bool is_object_name(const std::string& name) {
  auto is_letter_or_digit = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && is_letter_or_digit(name.front()) && is_letter_or_digit(name.back()) &&
         name.find("..") == std::string::npos &&
         std::ranges::all_of(name, [&](char c) { return is_letter_or_digit(c) || c == '-' || c == '.'; });
}

void erase_object(api::ObjectSet& set, const api::ObjectKey& key) {
  const std::string name = api::map_key(key.namespace_, key.name);
  switch (key.kind) {
    case Kind::VirtualNetwork:
      set.virtual_networks.erase(name);
      break;
    case Kind::VirtualNetworkGateway:
      set.virtual_network_gateways.erase(name);
      break;
    case Kind::LocalNetworkGateway:
      set.local_network_gateways.erase(name);
      break;
    case Kind::IpsecPolicy:
      set.ipsec_policies.erase(name);
      break;
    case Kind::Connection:
      set.connections.erase(name);
      break;
    case Kind::Secret:
      set.secrets.erase(name);
      break;
  }
}

}  // namespace

ApiObjects::ApiObjects(kube::Client& client, const std::vector<std::string>& namespaces, Jitter& jitter,
                       StatusObserver* observer)
    : client_(client), jitter_(jitter), observer_(observer) {
  const std::vector<std::string> all = {""};
  for (const api::KindRow& row : api::kKinds) {
    if (row.kind == Kind::Secret) continue;
    for (const std::string& namespace_ : namespaces.empty() ? all : namespaces)
      kinds_.push_back({row.kind,
                        std::make_unique<kube::Reflector>(
                            client_, kube::Scope{collection(row, namespace_), "", ""}, jitter_),
                        {}});
  }
}

ApiObjects::~ApiObjects() = default;

std::optional<TimePoint> ApiObjects::next_deadline() const {
  std::optional<TimePoint> next;
  auto add = [&](std::optional<TimePoint> when) {
    if (when && (!next || *when < *next)) next = when;
  };
  for (const KindWatch& watch : kinds_) add(watch.reflector->next_deadline());
  for (const auto& [name, watch] : secrets_) add(watch.reflector->next_deadline());
  if (synced_ && changed_)
    for (const std::string& name : unsettled_) add(secrets_.at(name).since + kSecretWait);
  return next;
}

bool ApiObjects::poll(store::Now now) {
  for (KindWatch& watch : kinds_) {
    watch.reflector->step(now.monotonic);
    for (kube::ObjectChange& change : watch.reflector->take_changes()) take(watch.kind, std::move(change));
    tell(std::string(api::row(watch.kind).plural), *watch.reflector, watch.told);
  }
  const bool whole =
      std::ranges::all_of(kinds_, [](const KindWatch& watch) { return watch.reflector->synced(); });
  // Before, a Connection may yet turn out to be gone.
  if (whole) watch_secrets(now.monotonic);
  step_secrets(now.monotonic);
  tell_of_the_server();
  const bool news = whole && secrets_settled(now.monotonic) && (!synced_ || changed_);
  if (!news && revision_ > 0) return false;
  if (news) {
    synced_ = true;
    changed_ = false;
  }
  publish();
  return true;
}

// In place where nobody holds the last one: a copy of ten thousand objects for each edit takes longer than
// the edit.
void ApiObjects::publish() {
  if (!snapshot_ || snapshot_.use_count() > 1) {
    auto fresh = std::make_shared<store::SourceSnapshot>();
    if (snapshot_) fresh->objects = store::clone(snapshot_->objects);
    snapshot_ = std::move(fresh);
  }
  snapshot_->revision = ++revision_;
  snapshot_->complete = synced_;
  snapshot_->incomplete_because = synced_ ? "" : trouble();
  if (!synced_) return;
  for (auto& [key, object] : edits_) {
    erase_object(snapshot_->objects, key);
    if (object) store::insert(snapshot_->objects, *std::move(object));
  }
  edits_.clear();
  snapshot_->broken = broken_;
  snapshot_->unreadable = unreadable_;
}

void ApiObjects::take(Kind kind, kube::ObjectChange change) {
  auto [namespace_, name] = split(change.key);
  const api::ObjectKey key{kind, std::move(namespace_), std::move(name)};
  if (change.type == kube::ObjectChange::Type::Delete) return erase(key);
  if (!is_object_name(key.name) || !is_object_name(key.namespace_)) {
    // They go into the paths of requests. The real API server has no such object.
    notices_.push_back({store::Notice::Level::Error, "passed over an object with an impossible name"});
    return;
  }
  // Another object of the same name: nothing of the old one counts.
  if (auto before = decoded_.find(key);
      before != decoded_.end() && before->second.uid != metadata_text(change.object, "uid"))
    erase(key);
  if (kind != Kind::Secret && observer_ != nullptr) {
    auto status = change.object.find("status");
    observer_->saw(key, resource_version_of(change.object),
                   status == change.object.end() ? nlohmann::json() : *status);
  }
  take_object(key, change.object);
}

void ApiObjects::take_object(const api::ObjectKey& key, nlohmann::json& json) {
  const Decoded now{metadata_text(json, "uid"), generation_of(json)};
  auto before = decoded_.find(key);
  // Secrets have no generation.
  if (before != decoded_.end() && key.kind != Kind::Secret && before->second == now) return;
  decoded_[key] = now;
  DecodedObject decoded = decode_object(key.kind, json);
  changed_ = true;
  if (!decoded.object) {
    notices_.push_back({store::Notice::Level::Error, key.to_string() + ": " + decoded.fault});
    broken_[key] = {std::move(decoded.fault), now.uid, now.generation};
    return;
  }
  broken_.erase(key);
  if (key.kind == Kind::Connection) {
    const auto& connection = std::get<api::Connection>(*decoded.object);
    refer(api::map_key(key.namespace_, key.name),
          api::map_key(key.namespace_, connection.spec.shared_key_secret_ref.name));
  }
  edits_[key] = std::move(decoded.object);
}

void ApiObjects::erase(const api::ObjectKey& key) {
  if (decoded_.erase(key) == 0) return;
  changed_ = true;
  broken_.erase(key);
  edits_[key] = std::nullopt;
  if (key.kind == Kind::Connection) refer(api::map_key(key.namespace_, key.name), "");
  if (key.kind != Kind::Secret && observer_ != nullptr) observer_->gone(key);
}

// `secret` is what the connection names now; empty: it is gone.
void ApiObjects::refer(const std::string& connection, const std::string& secret) {
  auto before = secret_of_.find(connection);
  if (before != secret_of_.end()) {
    if (before->second == secret) return;
    if (--references_[before->second] == 0) references_.erase(before->second);
    references_changed_.insert(before->second);
    secret_of_.erase(before);
  }
  if (secret.empty()) return;
  secret_of_[connection] = secret;
  ++references_[secret];
  references_changed_.insert(secret);
}

void ApiObjects::watch_secrets(TimePoint now) {
  for (const std::string& name : std::exchange(references_changed_, {})) {
    const auto [namespace_, secret] = split(name);
    const api::ObjectKey key{Kind::Secret, namespace_, secret};
    if (!references_.contains(name)) {
      secrets_.erase(name);
      unsettled_.erase(name);
      unreadable_.erase(key);
      erase(key);
    } else if (!secrets_.contains(name) && is_object_name(secret)) {
      const kube::Scope scope{"/api/v1/namespaces/" + namespace_ + "/secrets", secret, ""};
      secrets_[name] = {std::make_unique<kube::Reflector>(client_, scope, jitter_), now, {}};
      unsettled_.insert(name);
    }
  }
}

void ApiObjects::step_secrets(TimePoint now) {
  for (auto& [name, watch] : secrets_) {
    watch.reflector->step(now);
    for (kube::ObjectChange& change : watch.reflector->take_changes()) take(Kind::Secret, std::move(change));
    const std::string trouble = watch.reflector->trouble();
    const bool synced = watch.reflector->synced();
    if (synced || !trouble.empty()) unsettled_.erase(name);
    if (trouble == watch.told.trouble) continue;
    tell("Secret " + name, *watch.reflector, watch.told);
    const auto [namespace_, secret] = split(name);
    const api::ObjectKey key{Kind::Secret, namespace_, secret};
    // What was read once stays good.
    if (trouble.empty() || synced) {
      changed_ = unreadable_.erase(key) > 0 || changed_;
    } else {
      unreadable_[key] = "Secret '" + secret + "' in namespace '" + namespace_ +
                         "' cannot be read: " + trouble +
                         "; if the operator may not, add the name to rbac.secretNames of the chart";
      changed_ = true;
    }
  }
}

// At the start every Secret is waited for: a status that says SecretNotFound for a moment would be written
// after each restart.
bool ApiObjects::secrets_settled(TimePoint now) const {
  return std::ranges::all_of(unsettled_, [&](const std::string& name) {
    return synced_ && now - secrets_.at(name).since >= kSecretWait;
  });
}

// A server that does not answer is told of once, not for each of thousands of watches.
void ApiObjects::tell(const std::string& what, const kube::Reflector& reflector, Told& told) {
  if (reflector.trouble() == told.trouble) return;
  const Told before = std::exchange(told, {reflector.trouble(), reflector.unanswered()});
  if (told.unanswered) {
    if (!std::exchange(unanswered_told_, true))
      notices_.push_back(
          {store::Notice::Level::Warning, "the API server cannot be reached, trying on: " + told.trouble});
  } else if (!told.trouble.empty()) {
    notices_.push_back({store::Notice::Level::Warning, what + ": " + told.trouble});
  } else if (!before.unanswered) {
    notices_.push_back({store::Notice::Level::Info, "keeps up with " + what + " again"});
  }
}

void ApiObjects::tell_of_the_server() {
  auto unanswered = [](const auto& watch) { return watch.told.unanswered; };
  if (!unanswered_told_ || std::ranges::any_of(kinds_, unanswered) ||
      std::ranges::any_of(secrets_, [&](const auto& entry) { return unanswered(entry.second); }))
    return;
  unanswered_told_ = false;
  notices_.push_back({store::Notice::Level::Info, "the API server answers again"});
}

uint64_t ApiObjects::newest_resource_version() const {
  uint64_t newest = 0;
  for (const KindWatch& watch : kinds_) newest = std::max(newest, version_number(watch.reflector->version()));
  return newest;
}

std::string ApiObjects::trouble() const {
  std::string text;
  for (const KindWatch& watch : kinds_) {
    std::string why = watch.reflector->trouble();
    if (why.empty() && !watch.reflector->synced())
      why = "waiting for " + std::string(api::row(watch.kind).plural);
    if (!why.empty()) text += (text.empty() ? "" : "; ") + why;
  }
  if (text.empty() && !synced_) text = "waiting for Secrets";
  return text;
}

std::shared_ptr<const store::SourceSnapshot> ApiObjects::snapshot() const { return snapshot_; }

std::vector<store::Notice> ApiObjects::take_notices() { return std::exchange(notices_, {}); }

}  // namespace hawser::cluster
