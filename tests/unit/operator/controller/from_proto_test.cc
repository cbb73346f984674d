#include "operator/controller/from_proto.h"

#include <gtest/gtest.h>

namespace hawser::controller {
namespace {

using catalog::ConditionType;
using catalog::Reason;

TEST(FromProto, AbsentStaysAbsent) {
  EXPECT_FALSE(negotiated_of({}).has_value());
  EXPECT_FALSE(last_failure_of({}).has_value());
}

TEST(FromProto, CopiesEveryField) {
  v1::ConnectionStatus status;
  auto& n = *status.mutable_negotiated();
  n.mutable_ike()->set_encryption("AES128");
  n.mutable_ike()->set_initiator_spi("0a");
  n.mutable_ike()->mutable_established_time()->set_seconds(100);
  n.mutable_child()->set_pfs_group("None");
  n.mutable_child()->set_outbound_spi("0b");
  n.set_remote_endpoint("192.0.2.1:500");
  n.set_interface("hws0");
  auto& f = *status.mutable_last_failure();
  f.set_reason("IkeProposalMismatch");
  f.mutable_time()->set_seconds(200);
  f.set_peer_offered("unknown");
  f.set_field_path("spec.dhGroup");
  auto negotiated = negotiated_of(status);
  ASSERT_TRUE(negotiated);
  EXPECT_EQ(negotiated->ike.encryption, "AES128");
  EXPECT_EQ(negotiated->ike.initiator_spi, "0a");
  EXPECT_EQ(negotiated->ike.established_time, "1970-01-01T00:01:40Z");
  EXPECT_EQ(negotiated->child.pfs_group, "None");
  EXPECT_EQ(negotiated->child.outbound_spi, "0b");
  EXPECT_EQ(negotiated->child.installed_time, "");
  EXPECT_EQ(negotiated->remote_endpoint, "192.0.2.1:500");
  EXPECT_EQ(negotiated->interface, "hws0");
  auto failure = last_failure_of(status);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->reason, "IkeProposalMismatch");
  EXPECT_EQ(failure->time, "1970-01-01T00:03:20Z");
  EXPECT_EQ(failure->peer_offered, "unknown");
  EXPECT_EQ(failure->field_path, "spec.dhGroup");
}

TEST(FromProto, ATimeBeyondReasonIsNoTime) {
  for (int64_t seconds : {int64_t{-1}, int64_t{9'000'000'001}, INT64_MAX, INT64_MIN}) {
    v1::ConnectionStatus status;
    status.mutable_last_failure()->mutable_time()->set_seconds(seconds);
    EXPECT_EQ(last_failure_of(status)->time, "") << seconds;
  }
}

TEST(FromProto, OnlyReasonsOfTheConditionCount) {
  EXPECT_EQ(reason_of("PeerUnreachable", ConditionType::Established, Reason::NegotiationFailed),
            Reason::PeerUnreachable);
  EXPECT_EQ(reason_of("Verified", ConditionType::Established, Reason::NegotiationFailed),
            Reason::NegotiationFailed);
  EXPECT_EQ(reason_of("MadeUp", ConditionType::Established, Reason::NegotiationFailed),
            Reason::NegotiationFailed);
}

}  // namespace
}  // namespace hawser::controller
