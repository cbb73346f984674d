#include "operator/controller/from_proto.h"

#include "common/base/clock.h"

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

}  // namespace

std::optional<api::Negotiated> negotiated_of(const v1::ConnectionStatus& status) {
  if (!status.has_negotiated()) return std::nullopt;
  const v1::Negotiated& in = status.negotiated();
  const auto& ike = in.ike();
  const auto& child = in.child();
  api::Negotiated out;
  out.ike = {ike.encryption(),    ike.integrity(),
             ike.prf(),           ike.dh_group(),
             ike.initiator_spi(), ike.responder_spi(),
             ike.role(),          time_of(ike.has_established_time(), ike.established_time())};
  out.child = {child.encryption(),   child.integrity(),
               child.pfs_group(),    child.inbound_spi(),
               child.outbound_spi(), time_of(child.has_installed_time(), child.installed_time())};
  out.local_endpoint = in.local_endpoint();
  out.remote_endpoint = in.remote_endpoint();
  out.nat = in.nat();
  out.encapsulation = in.encapsulation();
  out.data_plane = in.data_plane();
  out.interface = in.interface();
  return out;
}

std::optional<api::LastFailure> last_failure_of(const v1::ConnectionStatus& status) {
  if (!status.has_last_failure()) return std::nullopt;
  const v1::Failure& in = status.last_failure();
  return api::LastFailure{in.reason(),       time_of(in.has_time(), in.time()),
                          in.role(),         in.exchange(),
                          in.attribute(),    in.offered(),
                          in.peer_offered(), in.notify(),
                          in.field_path(),   in.message()};
}

catalog::Reason reason_of(const std::string& name, catalog::ConditionType type, catalog::Reason otherwise) {
  const catalog::ReasonRow* row = catalog::find_reason(name);
  return row != nullptr && row->type == type ? row->reason : otherwise;
}

}  // namespace hawser::controller
