#include <limits>
#include <nlohmann/json.hpp>

#include "operator/api/codec.h"
#include "operator/api/text.h"

namespace hawser::api {
namespace {

using Json = nlohmann::ordered_json;

// Name of a field in JSON and the member that holds it; one list each for writing and reading.
template <typename T>
struct TextField {
  const char* name;
  std::string T::*member;
};

// clang-format off
constexpr TextField<EffectivePolicy> kEffectivePolicy[] = {
    {"source", &EffectivePolicy::source}, {"name", &EffectivePolicy::name},
    {"ikeEncryption", &EffectivePolicy::ike_encryption}, {"ikeIntegrity", &EffectivePolicy::ike_integrity},
    {"dhGroup", &EffectivePolicy::dh_group}, {"ipsecEncryption", &EffectivePolicy::ipsec_encryption},
    {"ipsecIntegrity", &EffectivePolicy::ipsec_integrity}, {"pfsGroup", &EffectivePolicy::pfs_group},
};
constexpr TextField<NegotiatedIke> kNegotiatedIke[] = {
    {"encryption", &NegotiatedIke::encryption}, {"integrity", &NegotiatedIke::integrity},
    {"prf", &NegotiatedIke::prf}, {"dhGroup", &NegotiatedIke::dh_group},
    {"initiatorSPI", &NegotiatedIke::initiator_spi}, {"responderSPI", &NegotiatedIke::responder_spi},
    {"role", &NegotiatedIke::role}, {"establishedTime", &NegotiatedIke::established_time},
};
constexpr TextField<NegotiatedChild> kNegotiatedChild[] = {
    {"encryption", &NegotiatedChild::encryption}, {"integrity", &NegotiatedChild::integrity},
    {"pfsGroup", &NegotiatedChild::pfs_group}, {"inboundSPI", &NegotiatedChild::inbound_spi},
    {"outboundSPI", &NegotiatedChild::outbound_spi}, {"installedTime", &NegotiatedChild::installed_time},
};
constexpr TextField<Negotiated> kNegotiated[] = {
    {"localEndpoint", &Negotiated::local_endpoint}, {"remoteEndpoint", &Negotiated::remote_endpoint},
    {"nat", &Negotiated::nat}, {"encapsulation", &Negotiated::encapsulation},
    {"dataPlane", &Negotiated::data_plane}, {"interface", &Negotiated::interface},
};
constexpr TextField<LastFailure> kLastFailure[] = {
    {"reason", &LastFailure::reason}, {"time", &LastFailure::time}, {"role", &LastFailure::role},
    {"exchange", &LastFailure::exchange}, {"attribute", &LastFailure::attribute},
    {"offered", &LastFailure::offered}, {"peerOffered", &LastFailure::peer_offered},
    {"notify", &LastFailure::notify}, {"fieldPath", &LastFailure::field_path}, {"message", &LastFailure::message},
};
// clang-format on

template <typename T, size_t N>
Json write(const T& from, const TextField<T> (&fields)[N]) {
  Json out = Json::object();
  for (const auto& field : fields)
    if (!(from.*field.member).empty()) out[field.name] = from.*field.member;
  return out;
}

Json write(const Condition& condition) {
  return {{"type", std::string(catalog::name(condition.type))},
          {"status", to_string(condition.status)},
          {"observedGeneration", condition.observed_generation},
          {"lastTransitionTime", condition.last_transition_time},
          {"reason", std::string(catalog::name(condition.reason))},
          {"message", condition.message}};
}

Error invalid(std::string message) { return {ErrorCode::InvalidArgument, "status: " + std::move(message)}; }

Result<std::string> text_of(const Json& object, const char* name) {
  auto it = object.find(name);
  if (it == object.end()) return std::string();
  if (!it->is_string()) return invalid(std::string(name) + " is not text");
  return it->get<std::string>();
}

Result<int64_t> integer_of(const Json& object, const char* name) {
  auto it = object.find(name);
  if (it == object.end()) return int64_t{0};
  const bool too_large =
      it->is_number_unsigned() && it->get<uint64_t>() > std::numeric_limits<int64_t>::max();
  if (!it->is_number_integer() || too_large) return invalid(std::string(name) + " is not a whole number");
  return it->get<int64_t>();
}

template <typename T, size_t N>
Result<void> read(const Json& json, const char* name, const TextField<T> (&fields)[N], T& out) {
  if (!json.is_object()) return invalid(std::string(name) + " is not an object");
  for (const auto& field : fields) {
    ASSIGN_OR_RETURN(out.*field.member, text_of(json, field.name));
  }
  return {};
}

Result<ConditionStatus> condition_status(std::string_view text) {
  for (auto status : {ConditionStatus::True, ConditionStatus::False, ConditionStatus::Unknown})
    if (text == to_string(status)) return status;
  return invalid(in_quotes(text) + " is not the status of a condition; allowed: True, False, Unknown");
}

Result<Condition> read_condition(const Json& json) {
  if (!json.is_object()) return invalid("an entry of conditions is not an object");
  Condition out;
  ASSIGN_OR_RETURN(auto type, text_of(json, "type"));
  ASSIGN_OR_RETURN(auto status, text_of(json, "status"));
  ASSIGN_OR_RETURN(auto reason, text_of(json, "reason"));
  const auto* condition_row = catalog::find_condition(type);
  const auto* reason_row = catalog::find_reason(reason);
  if (condition_row == nullptr) return invalid(in_quotes(type) + " is not a condition");
  if (reason_row == nullptr) return invalid(in_quotes(reason) + " is not a reason");
  out.type = condition_row->type;
  out.reason = reason_row->reason;
  ASSIGN_OR_RETURN(out.status, condition_status(status));
  ASSIGN_OR_RETURN(out.observed_generation, integer_of(json, "observedGeneration"));
  ASSIGN_OR_RETURN(out.last_transition_time, text_of(json, "lastTransitionTime"));
  ASSIGN_OR_RETURN(out.message, text_of(json, "message"));
  return out;
}

Result<EffectivePolicy> read_effective_policy(const Json& json) {
  EffectivePolicy out;
  RETURN_IF_ERROR(read(json, "effectivePolicy", kEffectivePolicy, out));
  ASSIGN_OR_RETURN(out.sa_life_time_seconds, integer_of(json, "saLifeTimeSeconds"));
  ASSIGN_OR_RETURN(out.sa_data_size_kilobytes, integer_of(json, "saDataSizeKilobytes"));
  return out;
}

Result<Negotiated> read_negotiated(const Json& json) {
  Negotiated out;
  RETURN_IF_ERROR(read(json, "negotiated", kNegotiated, out));
  if (auto it = json.find("ike"); it != json.end())
    RETURN_IF_ERROR(read(*it, "negotiated.ike", kNegotiatedIke, out.ike));
  if (auto it = json.find("child"); it != json.end())
    RETURN_IF_ERROR(read(*it, "negotiated.child", kNegotiatedChild, out.child));
  return out;
}

Result<std::vector<Condition>> read_conditions(const Json& json) {
  if (!json.is_array()) return invalid("conditions is not a list");
  std::vector<Condition> out;
  for (const auto& entry : json) {
    ASSIGN_OR_RETURN(auto condition, read_condition(entry));
    out.push_back(std::move(condition));
  }
  return out;
}

}  // namespace

Json status_to_json(const Status& status) {
  Json out = {{"observedGeneration", status.observed_generation}, {"conditions", Json::array()}};
  for (const auto& condition : status.conditions) out["conditions"].push_back(write(condition));
  if (!status.connection_status.empty()) out["connectionStatus"] = status.connection_status;
  if (const auto& policy = status.effective_policy) {
    out["effectivePolicy"] = write(*policy, kEffectivePolicy);
    out["effectivePolicy"]["saLifeTimeSeconds"] = policy->sa_life_time_seconds;
    out["effectivePolicy"]["saDataSizeKilobytes"] = policy->sa_data_size_kilobytes;
  }
  if (const auto& negotiated = status.negotiated) {
    Json parts = {{"ike", write(negotiated->ike, kNegotiatedIke)},
                  {"child", write(negotiated->child, kNegotiatedChild)}};
    parts.update(write(*negotiated, kNegotiated));
    out["negotiated"] = std::move(parts);
  }
  if (status.last_failure) out["lastFailure"] = write(*status.last_failure, kLastFailure);
  if (!status.node.empty()) out["node"] = status.node;
  return out;
}

Result<Status> status_from_json(const Json& json) {
  if (!json.is_object()) return invalid("not an object");
  Status out;
  ASSIGN_OR_RETURN(out.observed_generation, integer_of(json, "observedGeneration"));
  ASSIGN_OR_RETURN(out.connection_status, text_of(json, "connectionStatus"));
  ASSIGN_OR_RETURN(out.node, text_of(json, "node"));
  if (auto it = json.find("conditions"); it != json.end()) {
    ASSIGN_OR_RETURN(out.conditions, read_conditions(*it));
  }
  if (auto it = json.find("effectivePolicy"); it != json.end()) {
    ASSIGN_OR_RETURN(out.effective_policy, read_effective_policy(*it));
  }
  if (auto it = json.find("negotiated"); it != json.end()) {
    ASSIGN_OR_RETURN(out.negotiated, read_negotiated(*it));
  }
  if (auto it = json.find("lastFailure"); it != json.end()) {
    LastFailure failure;
    RETURN_IF_ERROR(read(*it, "lastFailure", kLastFailure, failure));
    out.last_failure = std::move(failure);
  }
  return out;
}

}  // namespace hawser::api
