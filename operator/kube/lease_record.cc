#include "operator/kube/lease_record.h"

#include <algorithm>

#include "operator/kube/json_text.h"
#include "operator/kube/micro_time.h"

namespace hawser::kube {
namespace {

int64_t number_of(const nlohmann::json& lease, const char* name) {
  if (!lease.is_object() || !lease.contains("spec") || !lease["spec"].is_object()) return 0;
  const auto member = lease["spec"].find(name);
  return member != lease["spec"].end() && member->is_number_integer() ? member->get<int64_t>() : 0;
}

// What is no object is as good as none.
nlohmann::json& spec_of(nlohmann::json& lease) {
  nlohmann::json& spec = lease["spec"];
  if (!spec.is_object()) spec = nlohmann::json::object();
  return spec;
}

int64_t in_seconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

}  // namespace

LeaseRecord read_lease(const nlohmann::json& lease) {
  LeaseRecord record;
  record.holder = text_at(lease, {"spec", "holderIdentity"});
  record.version = text_at(lease, {"metadata", "resourceVersion"});
  // The field has 32 bits.
  record.duration =
      std::chrono::seconds(std::clamp<int64_t>(number_of(lease, "leaseDurationSeconds"), 0, INT32_MAX));
  record.transitions = std::clamp<int64_t>(number_of(lease, "leaseTransitions"), 0, INT32_MAX - 1);
  return record;
}

nlohmann::json renewed_lease(nlohmann::json lease, Duration duration, WallTime wall) {
  // With another's, who stands by may wait for ever.
  spec_of(lease)["leaseDurationSeconds"] = in_seconds(duration);
  spec_of(lease)["renewTime"] = format_micro_time(wall);
  return lease;
}

nlohmann::json acquired_lease(nlohmann::json lease, const std::string& name_space, const std::string& name,
                              const std::string& identity, Duration duration, WallTime wall) {
  const bool is_new = lease.is_null();
  if (is_new) {
    lease = {{"apiVersion", "coordination.k8s.io/v1"},
             {"kind", "Lease"},
             {"metadata", {{"namespace", name_space}, {"name", name}}}};
  }
  const LeaseRecord before = read_lease(lease);
  nlohmann::json& spec = spec_of(lease);
  spec["holderIdentity"] = identity;
  spec["leaseDurationSeconds"] = in_seconds(duration);
  spec["acquireTime"] = spec["renewTime"] = format_micro_time(wall);
  spec["leaseTransitions"] = is_new ? 0 : before.transitions + 1;
  return lease;
}

nlohmann::json released_lease(nlohmann::json lease, WallTime wall) {
  nlohmann::json& spec = spec_of(lease);
  spec["holderIdentity"] = "";
  spec["leaseDurationSeconds"] = 1;
  spec["acquireTime"] = spec["renewTime"] = format_micro_time(wall);
  return lease;
}

}  // namespace hawser::kube
