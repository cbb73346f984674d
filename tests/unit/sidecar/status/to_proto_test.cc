#include "sidecar/status/to_proto.h"

#include <gtest/gtest.h>

#include "tests/unit/sidecar/status/sample.h"

namespace hawser::status {
namespace {

v1::ConnectionStatus status_of(const ike::ConnectionView& view, const Configured& configured) {
  const auto snapshot = sample_snapshot({configured}, {view});
  return to_proto(snapshot, snapshot.connections[0]);
}

TEST(ToProto, SaysWhatWasNegotiated) {
  const auto status = status_of(sample_view("ns/a"), sample_configured("ns/a"));
  EXPECT_EQ(status.namespace_(), "ns");
  EXPECT_EQ(status.name(), "a");
  EXPECT_EQ(status.uid(), "uid-ns/a");
  EXPECT_TRUE(status.programmed());
  EXPECT_EQ(status.programmed_reason(), "Programmed");
  EXPECT_EQ(status.established_reason(), "Established");
  const auto& negotiated = status.negotiated();
  EXPECT_EQ(negotiated.ike().encryption(), "AES128");
  EXPECT_EQ(negotiated.ike().prf(), "SHA1");
  EXPECT_EQ(negotiated.ike().dh_group(), "DHGroup14");
  EXPECT_EQ(negotiated.ike().initiator_spi(), "0102030405060708");
  EXPECT_EQ(negotiated.ike().responder_spi(), "1112131415161718");
  EXPECT_EQ(negotiated.ike().role(), "responder");
  EXPECT_EQ(negotiated.ike().established_time().seconds(), 1'700'000'100);
  EXPECT_EQ(negotiated.child().encryption(), "GCMAES256");
  EXPECT_EQ(negotiated.child().integrity(), "GCMAES256");
  EXPECT_EQ(negotiated.child().pfs_group(), "None");
  EXPECT_EQ(negotiated.child().inbound_spi(), "0000c0de");
  EXPECT_EQ(negotiated.child().outbound_spi(), "feedface");
  EXPECT_EQ(negotiated.local_endpoint(), "203.0.113.1:4500");
  EXPECT_EQ(negotiated.remote_endpoint(), "198.51.100.2:4500");
  EXPECT_EQ(negotiated.nat(), "Remote");
  EXPECT_EQ(negotiated.encapsulation(), "UDP");
  EXPECT_EQ(negotiated.data_plane(), "UserSpace");
  EXPECT_EQ(negotiated.interface(), "hwsabcdefghij");
  EXPECT_FALSE(status.has_last_failure());
}

TEST(ToProto, NothingIsNegotiatedWhileThePeerIsAway) {
  ike::ConnectionView view;
  view.name = "ns/a";
  view.reason = catalog::Reason::PeerUnreachable;
  view.message = "no answer";
  const auto status = status_of(view, sample_configured("ns/a"));
  EXPECT_EQ(status.established_reason(), "PeerUnreachable");
  EXPECT_EQ(status.established_message(), "no answer");
  EXPECT_FALSE(status.has_negotiated());
}

TEST(ToProto, SaysWhyANegotiationFailed) {
  auto view = sample_view("ns/a");
  view.last_failure = sample_failure();
  const auto failure = status_of(view, sample_configured("ns/a")).last_failure();
  EXPECT_EQ(failure.reason(), "IkeProposalMismatch");
  EXPECT_EQ(failure.time().seconds(), 1'700'000'050);
  EXPECT_EQ(failure.role(), "responder");
  EXPECT_EQ(failure.exchange(), "IKE_SA_INIT");
  EXPECT_EQ(failure.attribute(), "ikeEncryption");
  EXPECT_EQ(failure.offered(), "AES128");
  EXPECT_EQ(failure.peer_offered(), "AES256");
  EXPECT_EQ(failure.notify(), "NO_PROPOSAL_CHOSEN");
  EXPECT_EQ(failure.field_path(), "spec.ikeEncryption");
}

TEST(ToProto, AFailureWithoutAttributePointsAtTheFieldToCorrect) {
  auto view = sample_view("ns/a");
  view.last_failure = sample_failure();
  view.last_failure->attribute.clear();
  view.last_failure->reason = catalog::Reason::AuthenticationFailed;
  EXPECT_EQ(status_of(view, sample_configured("ns/a")).last_failure().field_path(),
            "spec.sharedKeySecretRef");
}

TEST(ToProto, PfsIsNotRequiredNotCheckedMismatchedOrVerified) {
  auto configured = sample_configured("ns/a");
  auto view = sample_view("ns/a");
  EXPECT_EQ(status_of(view, configured).pfs_verified_reason(), "NotChecked");

  view.last_failure = sample_failure();
  view.last_failure->reason = catalog::Reason::PfsMismatch;
  view.last_failure->time = at(200);
  EXPECT_EQ(status_of(view, configured).pfs_verified_reason(), "PfsMismatch");

  // A later Child SA made with the group is proof; one that stood before the mismatch is none.
  view.child_sas[0].exchanged_group = catalog::find_pfs_group("ECP384");
  EXPECT_EQ(status_of(view, configured).pfs_verified_reason(), "PfsMismatch");
  view.child_sas[0].installed = at(300);
  const auto status = status_of(view, configured);
  EXPECT_EQ(status.pfs_verified_reason(), "Verified");
  EXPECT_EQ(status.pfs_verified_message(), "CREATE_CHILD_SA exchanged keys with ECP384");
  EXPECT_EQ(status.negotiated().child().pfs_group(), "ECP384");

  // The policy is another now, and no rekey has shown its group yet.
  configured.spec.mutable_policy()->set_pfs_group("PFS2048");
  EXPECT_EQ(status_of(view, configured).pfs_verified_reason(), "NotChecked");

  configured.spec.mutable_policy()->set_pfs_group("None");
  EXPECT_EQ(status_of(view, configured).pfs_verified_reason(), "NotRequired");
}

TEST(ToProto, EveryReasonBelongsToItsCondition) {
  auto view = sample_view("ns/a");
  for (const auto& fault : catalog::kFaults) {
    view.reason = fault.reason;
    const auto status = status_of(view, sample_configured("ns/a"));
    const auto* row = catalog::find_reason(status.established_reason());
    ASSERT_NE(row, nullptr);
    EXPECT_EQ(row->type, catalog::ConditionType::Established) << status.established_reason();
  }
}

TEST(ToProto, ARefusedSpecIsNotProgrammed) {
  auto configured = sample_configured("ns/a");
  configured.programmed = {catalog::Reason::SidecarRejected, "data_plane: no kernel"};
  const auto status = status_of({}, configured);
  EXPECT_FALSE(status.programmed());
  EXPECT_EQ(status.programmed_reason(), "SidecarRejected");
  EXPECT_EQ(status.programmed_message(), "data_plane: no kernel");
}

}  // namespace
}  // namespace hawser::status
