#include "operator/kube/lease_election.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "common/base/check.h"
#include "operator/kube/lease_record.h"

namespace hawser::kube {
namespace {

std::optional<uint64_t> number_of(const std::string& version) {
  uint64_t number = 0;
  const char* end = version.data() + version.size();
  auto [stopped, failure] = std::from_chars(version.data(), end, number);
  if (failure != std::errc() || stopped != end || number == 0) return std::nullopt;
  return number;
}

}  // namespace

struct LeaseElection::Impl {
  enum class Asked { Nothing, Read, Acquire, Renew, Release };

  Impl(Client& client_in, Options options_in, Jitter& jitter_in)
      : client(client_in), options(std::move(options_in)), jitter(jitter_in) {
    CHECK(options.lease > options.renew_deadline);
    CHECK(options.renew_deadline * 10 > options.retry * 12);
  }

  void step(TimePoint now, WallTime wall);
  void on_answer(ApiAnswer result, TimePoint now, WallTime wall);
  void on_read(const nlohmann::json& lease, TimePoint now, WallTime wall);
  void on_written(Asked what, nlohmann::json answered, TimePoint now);
  void on_failed(Asked what, const ApiError& error, TimePoint now, WallTime wall);
  void observe(const nlohmann::json& lease, TimePoint now);
  bool may_take_over(TimePoint now) const;
  TimePoint takeover_at() const;

  void read(TimePoint now);
  void write(Asked what, nlohmann::json lease_to_write, TimePoint now);
  void ask(Asked what, ApiRequest request, TimePoint now);
  void pause(TimePoint now);
  void lose(std::string why);
  void begin_release(TimePoint now, WallTime wall);
  void finish_release();
  // An answer that comes later is worth nothing.
  Duration limit() const { return std::max<Duration>(std::chrono::seconds(1), options.renew_deadline / 2); }
  std::string collection() const {
    return "/apis/coordination.k8s.io/v1/namespaces/" + options.namespace_ + "/leases";
  }

  Client& client;
  const Options options;
  Jitter& jitter;

  State state = State::Standby;
  uint64_t epoch = 0;
  TimePoint valid_until{};
  std::string trouble;

  // As last seen; null: there is none, or nobody knows.
  nlohmann::json lease;
  LeaseRecord observed;
  TimePoint observed_at{};  // when it last changed, by our clock

  Asked asked = Asked::Nothing;
  std::unique_ptr<Client::Call> call;
  std::optional<ApiAnswer> answer;
  TimePoint asked_at{};
  TimePoint due{};  // of the next request, when none is under way

  bool releasing = false, released = false;
  TimePoint release_until{};
};

void LeaseElection::Impl::step(TimePoint now, WallTime wall) {
  // Before anything else: whoever was stopped for long has lost, even if an answer waits that says otherwise.
  if (state == State::Leading && now >= valid_until)
    lose("it was not renewed in time" + (trouble.empty() ? "" : ": " + trouble));
  if (state == State::Lost || released) return;
  if (releasing && now >= release_until) return finish_release();
  if (answer) on_answer(*std::exchange(answer, std::nullopt), now, wall);
  if (state == State::Lost || released) return;
  if (asked != Asked::Nothing && now - asked_at >= limit()) {
    trouble = "no answer within " +
              std::to_string(std::chrono::duration_cast<std::chrono::seconds>(limit()).count()) + " s";
    pause(now);
    due = now;  // it has waited long enough
  }
  if (asked != Asked::Nothing || now < due) return;
  if (state == State::Leading && !lease.is_null()) {
    write(Asked::Renew, renewed_lease(lease, options.lease, wall), now);
  } else {
    read(now);
  }
}

void LeaseElection::Impl::on_answer(ApiAnswer result, TimePoint now, WallTime wall) {
  const Asked what = std::exchange(asked, Asked::Nothing);
  call.reset();
  if (result.error) return on_failed(what, *result.error, now, wall);
  trouble.clear();
  if (what == Asked::Read) {
    on_read(result.body, now, wall);
  } else {
    on_written(what, std::move(result.body), now);
  }
}

void LeaseElection::Impl::observe(const nlohmann::json& found, TimePoint now) {
  const LeaseRecord record = read_lease(found);
  if (record.version != observed.version) observed_at = now;
  observed = record;
  lease = found;
  if (auto metadata = lease.find("metadata"); metadata != lease.end()) metadata->erase("managedFields");
}

bool LeaseElection::Impl::may_take_over(TimePoint now) const {
  if (observed.holder.empty() || observed.holder == options.identity) return true;
  return now >= takeover_at();
}

TimePoint LeaseElection::Impl::takeover_at() const {
  return observed_at + (observed.duration > Duration::zero() ? observed.duration : options.lease);
}

void LeaseElection::Impl::on_read(const nlohmann::json& found, TimePoint now, WallTime wall) {
  if (!found.is_object() || read_lease(found).version.empty()) {
    trouble = "the server's answer is no Lease";
    return pause(now);
  }
  observe(found, now);
  if (releasing) {
    if (observed.holder != options.identity) return finish_release();
    return write(Asked::Release, released_lease(lease, wall), now);
  }
  if (state == State::Leading) {
    if (observed.holder != options.identity) return lose("'" + observed.holder + "' holds it");
    return write(Asked::Renew, renewed_lease(lease, options.lease, wall), now);
  }
  if (!may_take_over(now)) return pause(now);
  write(Asked::Acquire,
        acquired_lease(lease, options.namespace_, options.name, options.identity, options.lease, wall), now);
}

void LeaseElection::Impl::on_written(Asked what, nlohmann::json answered, TimePoint now) {
  const std::optional<uint64_t> version = number_of(read_lease(answered).version);
  if (!version) {
    trouble = "the server's answer is no Lease";
    return pause(now);
  }
  observe(answered, now);
  if (what == Asked::Release) return finish_release();
  // From when it was sent: the server cannot have seen it before.
  const TimePoint until = asked_at + options.renew_deadline;
  if (now >= until) return pause(now);  // stopped for long since then: it may be somebody else's by now
  if (state != State::Leading) epoch = *version;
  state = State::Leading;
  valid_until = until;
  due = asked_at + options.retry;
}

void LeaseElection::Impl::on_failed(Asked what, const ApiError& error, TimePoint now, WallTime wall) {
  if (error.code == 404 && what == Asked::Read) {
    if (releasing) return finish_release();
    lease = nullptr;
    // Deleted by hand: its leader still leads and will write it anew. Nobody has it: who writes first leads.
    if (state == State::Standby && !may_take_over(now)) return pause(now);
    return write(
        Asked::Acquire,
        acquired_lease(nullptr, options.namespace_, options.name, options.identity, options.lease, wall),
        now);
  }
  // 404 of a creation: there is no such namespace.
  const bool lost_race = error.code == 409 || (error.code == 404 && what != Asked::Acquire);
  if (lost_race && (state == State::Leading || releasing)) return read(now);
  if (!lost_race) trouble = error.message.empty() ? error.reason : error.message;
  // Whether a write was carried out is not known: look first.
  lease = nullptr;
  pause(now);
}

void LeaseElection::Impl::read(TimePoint now) {
  ApiRequest request;
  request.path = collection() + "/" + options.name;
  ask(Asked::Read, std::move(request), now);
}

void LeaseElection::Impl::write(Asked what, nlohmann::json lease_to_write, TimePoint now) {
  ApiRequest request;
  const bool create = read_lease(lease_to_write).version.empty();
  request.method = create ? HttpMethod::Post : HttpMethod::Put;
  request.path = create ? collection() : collection() + "/" + options.name;
  request.body = lease_to_write.dump();
  ask(what, std::move(request), now);
}

void LeaseElection::Impl::ask(Asked what, ApiRequest request, TimePoint now) {
  request.timeout = limit();
  asked = what;
  asked_at = now;
  call = client.call(std::move(request), [this](ApiAnswer result) { answer = std::move(result); });
}

void LeaseElection::Impl::pause(TimePoint now) {
  call.reset();
  answer.reset();
  asked = Asked::Nothing;
  if (state == State::Leading || releasing) {
    lease = nullptr;  // look before the next write
    due = now + options.retry / 2;
  } else {
    // Not in step with others; and at once when it may be taken over. Twice as often as the leader renews:
    // what is seen late is taken over late.
    due = now + jitter.between(options.retry / 2, options.retry);
    if (!observed.holder.empty() && takeover_at() <= due)
      due = std::max(now + options.retry / 4, takeover_at());
  }
}

void LeaseElection::Impl::lose(std::string why) {
  pause({});
  state = State::Lost;
  trouble = std::move(why);
}

void LeaseElection::Impl::begin_release(TimePoint now, WallTime wall) {
  if (releasing || released) return;
  releasing = true;
  release_until = now + limit();
  const bool writing = asked == Asked::Acquire || asked == Asked::Renew;
  const bool leads = state == State::Leading && now < valid_until;
  call.reset();
  answer.reset();
  asked = Asked::Nothing;
  if (state == State::Lost || !(leads || writing)) return finish_release();
  state = State::Standby;
  if (writing || lease.is_null()) return read(now);  // a write may still be carried out
  write(Asked::Release, released_lease(lease, wall), now);
}

void LeaseElection::Impl::finish_release() {
  call.reset();
  answer.reset();
  asked = Asked::Nothing;
  if (state == State::Leading) state = State::Standby;
  released = true;
}

LeaseElection::LeaseElection(Client& client, Options options, Jitter& jitter)
    : impl_(std::make_unique<Impl>(client, std::move(options), jitter)) {}
LeaseElection::~LeaseElection() = default;

void LeaseElection::step(TimePoint now, WallTime wall) { impl_->step(now, wall); }

std::optional<TimePoint> LeaseElection::next_deadline() const {
  if (impl_->state == State::Lost || impl_->released) return std::nullopt;
  TimePoint next = impl_->asked == Impl::Asked::Nothing ? impl_->due : impl_->asked_at + impl_->limit();
  if (impl_->state == State::Leading) next = std::min(next, impl_->valid_until);
  if (impl_->releasing) next = std::min(next, impl_->release_until);
  return next;
}

LeaseElection::State LeaseElection::state() const { return impl_->state; }

uint64_t LeaseElection::epoch() const {
  CHECK(impl_->state == State::Leading);
  return impl_->epoch;
}

TimePoint LeaseElection::valid_until() const { return impl_->valid_until; }
std::string LeaseElection::holder() const { return impl_->observed.holder; }
std::string LeaseElection::trouble() const { return impl_->trouble; }
void LeaseElection::release(TimePoint now, WallTime wall) { impl_->begin_release(now, wall); }
bool LeaseElection::released() const { return impl_->released; }

}  // namespace hawser::kube
