#include "sidecar/status/to_proto.h"

#include <algorithm>
#include <array>

namespace hawser::status {
namespace {

using catalog::Reason;

void set_time(google::protobuf::Timestamp& out, WallTime time) {
  // Whole seconds, as metav1.Time has them.
  out.set_seconds(std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
}

template <typename Int>
std::string hex(Int value) {
  Bytes octets(sizeof(Int));
  for (size_t i = 0; i < octets.size(); ++i)
    octets[i] = static_cast<uint8_t>(value >> (8 * (octets.size() - 1 - i)));
  return to_hex(octets);
}

// Where a person corrects what failed; the object that the field belongs to is told by its name.
struct FieldRow {
  Reason reason;
  std::string_view field_path;
};
constexpr auto kFieldOfReason = std::to_array<FieldRow>({
    {Reason::PeerUnreachable, "spec.gatewayIpAddress"},
    {Reason::AuthenticationFailed, "spec.sharedKeySecretRef"},
    {Reason::PeerIdentityMismatch, "spec.remoteIdentity"},
});

std::string field_path(const ike::Failure& failure) {
  if (!failure.attribute.empty()) return "spec." + failure.attribute;
  for (const auto& row : kFieldOfReason) {
    if (row.reason == failure.reason) return std::string(row.field_path);
  }
  return {};
}

void fill_failure(v1::Failure& out, const ike::Failure& failure, const ClockAnchor& anchor) {
  out.set_reason(std::string(catalog::name(failure.reason)));
  set_time(*out.mutable_time(), anchor.wall(failure.time));
  out.set_role(sa::to_string(failure.role));
  out.set_exchange(std::string(exchange_name(failure.exchange)));
  out.set_attribute(failure.attribute);
  out.set_offered(failure.offered);
  out.set_peer_offered(failure.peer_offered);
  out.set_notify(failure.notify);
  out.set_field_path(field_path(failure));
  out.set_message(failure.message);
}

void fill_ike(v1::Negotiated::Ike& out, const ike::IkeSaView& ike, const ClockAnchor& anchor) {
  out.set_encryption(std::string(ike.suite.encryption->name));
  out.set_integrity(std::string(ike.suite.integrity->name));
  out.set_prf(std::string(ike.suite.integrity->name));
  out.set_dh_group(std::string(ike.suite.group->name));
  out.set_initiator_spi(hex(ike.initiator_spi.value));
  out.set_responder_spi(hex(ike.responder_spi.value));
  out.set_role(sa::to_string(ike.role));
  set_time(*out.mutable_established_time(), anchor.wall(ike.established));
}

void fill_child(v1::Negotiated::Child& out, const ike::ChildSaView& child, const ClockAnchor& anchor) {
  out.set_encryption(std::string(child.suite.encryption->name));
  out.set_integrity(std::string(child.suite.integrity_name()));
  out.set_pfs_group(
      std::string(child.exchanged_group != nullptr ? child.exchanged_group->pfs_name : catalog::kPfsNone));
  out.set_inbound_spi(hex(child.inbound_spi.value));
  out.set_outbound_spi(hex(child.outbound_spi.value));
  set_time(*out.mutable_installed_time(), anchor.wall(child.installed));
}

void fill_negotiated(v1::Negotiated& out, const Snapshot& snapshot, const ConnectionSnapshot& connection) {
  const auto& view = connection.view;
  if (!view.ike_sas.empty()) {
    const auto& ike = view.ike_sas.back();
    fill_ike(*out.mutable_ike(), ike, snapshot.anchor);
    out.set_local_endpoint(ike.local.to_string());
    out.set_remote_endpoint(ike.remote.to_string());
    out.set_nat(ike::to_string(ike.nat));
  }
  if (!view.child_sas.empty()) {
    const auto& child = view.child_sas.back();
    fill_child(*out.mutable_child(), child, snapshot.anchor);
    out.set_encapsulation(sa::to_string(child.encapsulation));
    out.set_data_plane(std::string(dataplane::to_string(snapshot.data_plane)));
    out.set_interface(connection.configured.interface);
  }
}

// A PFS mismatch ends a rekey, not the tunnel; should it be the state itself, it is a Child proposal that
// differs.
Reason established_reason(const ike::ConnectionView& view) {
  return view.reason == Reason::PfsMismatch ? Reason::ChildProposalMismatch : view.reason;
}

bool pfs_mismatch_stands(const ike::ConnectionView& view) {
  if (!view.last_failure || view.last_failure->reason != Reason::PfsMismatch) return false;
  return std::ranges::none_of(view.child_sas, [&](const ike::ChildSaView& child) {
    return child.exchanged_group != nullptr && child.installed > view.last_failure->time;
  });
}

// The group shows only in a CREATE_CHILD_SA: the first Child SA has its keys from the IKE SA.
const ike::ChildSaView* proof_of_pfs(const ConnectionSnapshot& connection) {
  const auto* wanted = catalog::find_pfs_group(connection.configured.spec.policy().pfs_group());
  const auto& children = connection.view.child_sas;
  const auto it = std::ranges::find(children, wanted, &ike::ChildSaView::exchanged_group);
  return wanted == nullptr || it == children.end() ? nullptr : &*it;
}

void fill_pfs(v1::ConnectionStatus& out, const ConnectionSnapshot& connection) {
  Reason reason = Reason::NotChecked;
  std::string message = "the Perfect Forward Secrecy group shows at the first rekey";
  if (connection.configured.spec.policy().pfs_group() == catalog::kPfsNone) {
    reason = Reason::NotRequired;
    message = "pfsGroup is None";
  } else if (pfs_mismatch_stands(connection.view)) {
    reason = Reason::PfsMismatch;
    message = connection.view.last_failure->message;
  } else if (const auto* child = proof_of_pfs(connection)) {
    reason = Reason::Verified;
    message = "CREATE_CHILD_SA exchanged keys with " + std::string(child->exchanged_group->pfs_name);
  }
  out.set_pfs_verified_reason(std::string(catalog::name(reason)));
  out.set_pfs_verified_message(message);
}

}  // namespace

v1::ConnectionStatus to_proto(const Snapshot& snapshot, const ConnectionSnapshot& connection) {
  const auto& configured = connection.configured;
  v1::ConnectionStatus out;
  out.set_namespace_(std::string(connection.object_namespace()));
  out.set_name(std::string(connection.object_name()));
  out.set_uid(configured.uid);
  out.set_programmed(configured.programmed.ok());
  out.set_programmed_reason(std::string(catalog::name(configured.programmed.reason)));
  out.set_programmed_message(configured.programmed.message);
  out.set_established_reason(std::string(catalog::name(established_reason(connection.view))));
  out.set_established_message(connection.view.message);
  fill_pfs(out, connection);
  if (!connection.view.ike_sas.empty() || !connection.view.child_sas.empty()) {
    fill_negotiated(*out.mutable_negotiated(), snapshot, connection);
  }
  if (connection.view.last_failure) {
    fill_failure(*out.mutable_last_failure(), *connection.view.last_failure, snapshot.anchor);
  }
  return out;
}

}  // namespace hawser::status
