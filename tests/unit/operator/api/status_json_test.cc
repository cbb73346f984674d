#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "operator/api/codec.h"
#include "operator/api/schema.h"

namespace hawser::api {
namespace {

using Json = nlohmann::ordered_json;
using testing::HasSubstr;

Status full_status() {
  Status status;
  status.observed_generation = 7;
  status.conditions = {
      {catalog::ConditionType::Ready, ConditionStatus::False, catalog::Reason::InvalidSpec, "why", 7,
       "2026-01-02T03:04:05Z"},
      {catalog::ConditionType::Weak, ConditionStatus::True, catalog::Reason::WeakAlgorithms, "SHA1", 7, "t"}};
  status.connection_status = "Connected";
  status.effective_policy = EffectivePolicy{"IpsecPolicy", "p",      "AES128", "SHA1", "DHGroup14",
                                            "AES256",      "SHA256", "None",   14400,  102400000};
  Negotiated negotiated;
  negotiated.ike = {"AES128", "SHA1", "SHA1", "DHGroup14", "0011", "2233", "initiator", "t1"};
  negotiated.child = {"AES256", "SHA256", "None", "aa", "bb", "t2"};
  negotiated.local_endpoint = "192.0.2.1:500";
  negotiated.remote_endpoint = "192.0.2.2:500";
  negotiated.nat = "None";
  negotiated.encapsulation = "UDP";
  negotiated.data_plane = "UserSpace";
  negotiated.interface = "hws0";
  status.negotiated = negotiated;
  status.last_failure = LastFailure{
      "IkeProposalMismatch", "t3",           "responder", "IKE_SA_INIT", "dhGroup", "ECP384", "ECP256",
      "NO_PROPOSAL_CHOSEN",  "spec.dhGroup", "m"};
  status.node = "node-1";
  return status;
}

TEST(StatusJson, RoundTripsEveryField) {
  Status status = full_status();
  auto again = status_from_json(Json::parse(status_to_json(status).dump()));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*again, status);
}

TEST(StatusJson, RoundTripsAnEmptyStatus) {
  auto again = status_from_json(status_to_json(Status{}));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, Status{});
}

// The field table of status, which the CRDs are written from, has what is written and nothing else.
void expect_fields(const Json& written, std::span<const FieldRow> fields, const std::string& path) {
  EXPECT_EQ(written.size(), fields.size()) << path;
  for (const auto& field : fields) {
    const std::string name(field.name);
    ASSERT_TRUE(written.contains(name)) << path << "." << name;
    if (!field.fields.empty())
      expect_fields(field.type == FieldType::ObjectList ? written[name][0] : written[name], field.fields,
                    path + "." + name);
  }
}
TEST(StatusJson, WritesTheFieldsOfTheTable) {
  expect_fields(status_to_json(full_status()), status_fields(Kind::Connection), "status");
}

TEST(StatusJson, UsesTheNamesOfTheContracts) {
  Json json = status_to_json(full_status());
  EXPECT_EQ(json["observedGeneration"], 7);
  EXPECT_EQ(json["conditions"][0]["type"], "Ready");
  EXPECT_EQ(json["conditions"][0]["lastTransitionTime"], "2026-01-02T03:04:05Z");
  EXPECT_EQ(json["effectivePolicy"]["saLifeTimeSeconds"], 14400);
  EXPECT_EQ(json["negotiated"]["ike"]["initiatorSPI"], "0011");
  EXPECT_EQ(json["negotiated"]["child"]["outboundSPI"], "bb");
  EXPECT_EQ(json["negotiated"]["localEndpoint"], "192.0.2.1:500");
  EXPECT_EQ(json["lastFailure"]["peerOffered"], "ECP256");
}

TEST(StatusJson, FindsAConditionByType) {
  Status status = full_status();
  ASSERT_NE(status.find(catalog::ConditionType::Weak), nullptr);
  EXPECT_EQ(status.find(catalog::ConditionType::Weak)->message, "SHA1");
  EXPECT_EQ(status.find(catalog::ConditionType::Paused), nullptr);
}

TEST(StatusJson, RefusesWhatItDidNotWrite) {
  for (const char* text :
       {"[]", "5", R"({"observedGeneration":"1"})", R"({"observedGeneration":18446744073709551615})",
        R"({"conditions":{}})", R"({"conditions":[5]})",
        R"({"conditions":[{"type":"Nope","status":"True","reason":"Ready"}]})",
        R"({"conditions":[{"type":"Ready","status":"Maybe","reason":"Ready"}]})",
        R"({"conditions":[{"type":"Ready","status":"True","reason":"Because"}]})",
        R"({"effectivePolicy":[]})", R"({"effectivePolicy":{"dhGroup":5}})", R"({"negotiated":{"ike":[]}})",
        R"({"lastFailure":"x"})", R"({"node":{}})"}) {
    auto status = status_from_json(Json::parse(text));
    ASSERT_FALSE(status) << text;
    EXPECT_EQ(status.error().code, ErrorCode::InvalidArgument);
  }
}

}  // namespace
}  // namespace hawser::api
