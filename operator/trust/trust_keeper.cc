#include "operator/trust/trust_keeper.h"

#include <algorithm>
#include <utility>

namespace hawser::trust {
namespace {

constexpr Duration kFirstRetry = std::chrono::seconds(1);
constexpr Duration kLastRetry = std::chrono::seconds(30);
constexpr int kNotFound = 404;

std::string collection(const std::string& namespace_) {
  return "/api/v1/namespaces/" + namespace_ + "/secrets";
}

}  // namespace

TrustKeeper::TrustKeeper(kube::Client& client, Options options, sidecars::TlsSlot& slot, Random& random)
    : client_(client), options_(std::move(options)), slot_(slot), random_(random) {}

void TrustKeeper::step(TimePoint now, WallTime wall) {
  if (stage_ == Stage::Rest && now >= next_look_) begin(Stage::ReadAuthority, options_.authority);
  if (auto answer = std::exchange(answer_, std::nullopt)) {
    call_.reset();
    take(*std::move(answer), now, wall);
  }
}

std::optional<TimePoint> TrustKeeper::next_deadline() const {
  if (stage_ == Stage::Rest) return next_look_;
  return answer_ ? std::optional(TimePoint::min()) : std::nullopt;
}

void TrustKeeper::begin(Stage stage, const std::string& name) {
  kube::ApiRequest request;
  request.path = collection(options_.namespace_) + "/" + name;
  send(stage, std::move(request));
}

void TrustKeeper::send(Stage stage, kube::ApiRequest request) {
  stage_ = stage;
  call_ = client_.call(std::move(request), [this](kube::ApiAnswer answer) { answer_ = std::move(answer); });
}

// An update carries the resourceVersion that was read, so it cannot overwrite what another operator wrote.
void TrustKeeper::write(Stage stage, const std::string& name, const nlohmann::json& secret, bool exists) {
  kube::ApiRequest request;
  request.method = exists ? kube::HttpMethod::Put : kube::HttpMethod::Post;
  request.path = collection(options_.namespace_) + (exists ? "/" + name : "");
  request.body = secret.dump();
  send(stage, std::move(request));
}

void TrustKeeper::take(kube::ApiAnswer answer, TimePoint now, WallTime wall) {
  switch (stage_) {
    case Stage::Rest:
      return;
    case Stage::ReadAuthority:
      return on_authority(answer, now, wall);
    case Stage::ReadSidecar:
      return on_sidecar(answer, now, wall);
    case Stage::WriteAuthority:
    case Stage::WriteSidecar:
      return on_written(answer, now, wall);
  }
}

void TrustKeeper::on_authority(const kube::ApiAnswer& answer, TimePoint now, WallTime wall) {
  const bool exists = !answer.error;
  if (answer.error && answer.error->code != kNotFound) return fail(answer.error->message, now);
  const std::string where = "Secret " + options_.namespace_ + "/" + options_.authority + ": ";
  const std::string remedy = "; mend it, or delete it to get a new authority";
  std::optional<AuthorityState> state;
  if (exists) {
    state = read_authority_secret(answer.body);
    if (!state) return fail(where + "data is not base64" + remedy, now);
  }
  auto changed = advance(state, wall, random_);
  if (!changed) return fail(where + changed.error().message + remedy, now);
  if (!*changed) return adopt(*std::move(state), now, wall);
  nlohmann::json secret = exists ? answer.body : make_secret(options_.namespace_, options_.authority);
  write_authority_secret(*state, secret);
  wanted_authority_ = std::move(state);
  write(Stage::WriteAuthority, options_.authority, secret, exists);
}

// `state` is stored, so what it issues will be believed.
void TrustKeeper::adopt(AuthorityState state, TimePoint now, WallTime wall) {
  authority_ = std::move(state);
  auto fresh = renew(*authority_, own_, kOperator, wall, random_);
  if (!fresh) return fail(fresh.error().message, now);
  const std::string trusted = bundle(*authority_);
  const auto before = slot_.get();
  if (*fresh) own_ = *std::move(*fresh);
  if (before == nullptr || before->authorities != trusted || before->certificate != own_->certificate)
    slot_.set(std::make_shared<const sidecars::TlsIdentity>(
        sidecars::TlsIdentity{trusted, own_->certificate, own_->key.clone()}));
  begin(Stage::ReadSidecar, options_.sidecar);
}

void TrustKeeper::on_sidecar(const kube::ApiAnswer& answer, TimePoint now, WallTime wall) {
  const bool exists = !answer.error;
  if (answer.error && answer.error->code != kNotFound) return fail(answer.error->message, now);
  std::optional<SidecarFiles> have = exists ? read_sidecar_secret(answer.body) : std::nullopt;
  std::optional<Identity> identity;
  if (have) identity = have->identity.clone();
  auto fresh = renew(*authority_, identity, kSidecar, wall, random_);
  if (!fresh) return fail(fresh.error().message, now);
  if (*fresh) identity = *std::move(*fresh);
  SidecarFiles files{*std::move(identity), bundle(*authority_)};
  const bool same =
      have && have->bundle == files.bundle && have->identity.certificate == files.identity.certificate;
  if (same) return finish(files, now);
  nlohmann::json secret = exists ? answer.body : make_secret(options_.namespace_, options_.sidecar);
  write_sidecar_secret(files, secret);
  wanted_sidecar_ = std::move(files);
  write(Stage::WriteSidecar, options_.sidecar, secret, exists);
}

void TrustKeeper::on_written(const kube::ApiAnswer& answer, TimePoint now, WallTime wall) {
  const bool authority = stage_ == Stage::WriteAuthority;
  // 409 too: another operator was first, and what it wrote is read next.
  if (answer.error) return fail(answer.error->message, now);
  if (authority) return adopt(*std::exchange(wanted_authority_, std::nullopt), now, wall);
  finish(*std::exchange(wanted_sidecar_, std::nullopt), now);
}

void TrustKeeper::finish(const SidecarFiles& files, TimePoint now) {
  if (const auto facts = read_certificate(files.identity.certificate)) sidecar_expires_ = facts->not_after;
  settled_ = true;
  trouble_.clear();
  trouble_since_.reset();
  retry_ = {};
  stage_ = Stage::Rest;
  next_look_ = now + options_.look;
}

void TrustKeeper::fail(const std::string& why, TimePoint now) {
  settled_ = true;
  trouble_ = why;
  if (!trouble_since_) trouble_since_ = now;
  retry_ = retry_ == Duration{} ? kFirstRetry : std::min(2 * retry_, kLastRetry);
  stage_ = Stage::Rest;
  next_look_ = now + retry_;
}

}  // namespace hawser::trust
