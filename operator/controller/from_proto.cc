#include "operator/controller/from_proto.h"

#include <cstdlib>
#include <ctime>

#include "common/base/clock.h"
#include "operator/api/names.h"
#include "operator/api/status_limits.h"
#include "operator/api/text.h"

namespace hawser::controller {
namespace {

std::string time_of(bool has, const google::protobuf::Timestamp& time) {
  // Beyond year 9999 there is no RFC 3339 text.
  constexpr int64_t kLast = 253402300799;
  if (!has || time.seconds() < 0 || time.seconds() > kLast) return "";
  // A duration of nanoseconds ends in the year 2262, so the seconds are formatted by themselves.
  if (time.seconds() > 9'000'000'000) return "";
  return format_rfc3339(WallTime(std::chrono::seconds(time.seconds())));
}

// What comes over the wire is as long as a sidecar likes.
std::string word(const std::string& text) { return api::fit(text, api::kMaxWord); }

// Of a time that time_of() wrote; nullopt of any other text.
std::optional<int64_t> seconds_of(const std::string& text) {
  tm parts{};
  const char* end = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return timegm(&parts);
}

}  // namespace

bool speaks_of(const v1::ConnectionStatus& status, const std::string& uid) {
  return uid.empty() || status.uid().empty() || status.uid() == uid;
}

std::optional<api::Negotiated> negotiated_of(const v1::ConnectionStatus& status) {
  if (!status.has_negotiated()) return std::nullopt;
  const v1::Negotiated& in = status.negotiated();
  const auto& ike = in.ike();
  const auto& child = in.child();
  api::Negotiated out;
  out.ike = {word(ike.encryption()),    word(ike.integrity()),
             word(ike.prf()),           word(ike.dh_group()),
             word(ike.initiator_spi()), word(ike.responder_spi()),
             word(ike.role()),          time_of(ike.has_established_time(), ike.established_time())};
  out.child = {word(child.encryption()),   word(child.integrity()),
               word(child.pfs_group()),    word(child.inbound_spi()),
               word(child.outbound_spi()), time_of(child.has_installed_time(), child.installed_time())};
  out.local_endpoint = api::fit(in.local_endpoint(), api::kMaxEndpoint);
  out.remote_endpoint = api::fit(in.remote_endpoint(), api::kMaxEndpoint);
  out.nat = word(in.nat());
  out.encapsulation = word(in.encapsulation());
  out.data_plane = word(in.data_plane());
  out.interface = word(in.interface());
  return out;
}

std::optional<api::LastFailure> last_failure_of(const v1::ConnectionStatus& status) {
  if (!status.has_last_failure()) return std::nullopt;
  const v1::Failure& in = status.last_failure();
  return api::LastFailure{word(in.reason()),
                          time_of(in.has_time(), in.time()),
                          word(in.role()),
                          word(in.exchange()),
                          word(in.attribute()),
                          api::fit(in.offered(), api::kMaxProposal),
                          api::fit(in.peer_offered(), api::kMaxProposal),
                          word(in.notify()),
                          api::fit(in.field_path(), api::kMaxName),
                          api::fit(in.message(), api::kMaxMessage)};
}

std::optional<api::LastFailure> without_repeats(std::optional<api::LastFailure> now,
                                                const std::optional<api::LastFailure>& before) {
  if (!now || !before || now->time == before->time) return now;
  api::LastFailure same = *now;
  same.time = before->time;
  const auto first = seconds_of(before->time);
  const auto last = seconds_of(now->time);
  if (same != *before || !first || !last) return now;
  return std::abs(*last - *first) < kFailureRepeat.count() ? before : now;
}

catalog::Reason reason_of(const std::string& name, catalog::ConditionType type, catalog::Reason otherwise) {
  const catalog::ReasonRow* row = catalog::find_reason(name);
  return row != nullptr && row->type == type ? row->reason : otherwise;
}

}  // namespace hawser::controller
