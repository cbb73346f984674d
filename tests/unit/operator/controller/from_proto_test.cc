#include "operator/controller/from_proto.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "operator/api/codec.h"
#include "operator/api/names.h"
#include "operator/api/schema.h"

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

// Every text of every message in it, to any depth.
void fill_texts(google::protobuf::Message& message, const std::string& text) {
  const auto* fields = message.GetDescriptor();
  const auto* access = message.GetReflection();
  for (int i = 0; i < fields->field_count(); ++i) {
    const auto* field = fields->field(i);
    if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING)
      access->SetString(&message, field, text);
    if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE)
      fill_texts(*access->MutableMessage(&message, field), text);
  }
}

// How many texts of `json` the schema bounds; each is within its bounds and written out.
int check_bounds(const nlohmann::ordered_json& json, std::span<const api::FieldRow> rows) {
  int texts = 0;
  for (const auto& [name, value] : json.items()) {
    const api::FieldRow* row = api::find_field(rows, name);
    EXPECT_NE(row, nullptr) << name;
    if (row == nullptr) continue;
    if (value.is_object()) texts += check_bounds(value, row->fields);
    if (!value.is_string() || row->max_length == 0) continue;
    ++texts;
    EXPECT_LE(api::characters(value.get<std::string>()), row->max_length) << name;
    EXPECT_NO_THROW(value.dump()) << name << " is not UTF-8";
  }
  return texts;
}

TEST(FromProto, NoTextIsLongerThanTheSchemaAllows) {
  for (const std::string& piece : {std::string("x"), std::string("€"), std::string("\xff")}) {
    std::string text;
    while (text.size() < 1 << 20) text += piece;
    v1::ConnectionStatus status;
    fill_texts(status, text);
    api::Status out;
    out.negotiated = negotiated_of(status);
    out.last_failure = last_failure_of(status);
    EXPECT_EQ(check_bounds(api::status_to_json(out), api::status_fields(api::Kind::Connection)), 30);
  }
}

TEST(FromProto, TheSameFailureIsNewsOnlyAfterAWhile) {
  const auto failure = [](int64_t seconds, const std::string& reason) {
    v1::ConnectionStatus status;
    status.mutable_last_failure()->set_reason(reason);
    status.mutable_last_failure()->mutable_time()->set_seconds(seconds);
    return last_failure_of(status);
  };
  const auto first = failure(1000, "PeerUnreachable");
  const int64_t later = kFailureRepeat.count();
  EXPECT_EQ(without_repeats(failure(1008, "PeerUnreachable"), first), first);
  EXPECT_EQ(without_repeats(failure(1000 + later - 1, "PeerUnreachable"), first), first);
  EXPECT_EQ(without_repeats(failure(1000 + later, "PeerUnreachable"), first)->time, "1970-01-01T00:26:40Z");
  EXPECT_EQ(without_repeats(failure(1008, "AuthenticationFailed"), first)->time, "1970-01-01T00:16:48Z");
  EXPECT_EQ(without_repeats(failure(1008, "PeerUnreachable"), std::nullopt)->time, "1970-01-01T00:16:48Z");
  EXPECT_FALSE(without_repeats(std::nullopt, first)) << "it is over";
  // A clock that was set, in either direction.
  EXPECT_EQ(without_repeats(failure(10, "PeerUnreachable"), first)->time, "1970-01-01T00:00:10Z");
  api::LastFailure odd = *first;
  odd.time = "yesterday";
  EXPECT_EQ(without_repeats(failure(1008, "PeerUnreachable"), odd)->time, "1970-01-01T00:16:48Z");
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
