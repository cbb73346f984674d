#include "operator/cli/show_policy.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>

#include "operator/api/codec.h"
#include "operator/cli/manifests.h"
#include "operator/policy/policy.h"

namespace hawser::cli {
namespace {

using Json = nlohmann::ordered_json;

// A namespace or name comes from the command line and becomes part of a path.
bool is_path_component(const std::string& name) {
  return !name.empty() && name.front() != '.' && name.find('/') == std::string::npos;
}

// The status the operator wrote; nullopt when it has written none, or not yet said what is in force.
Result<std::optional<api::EffectivePolicy>> policy_in_force(const std::string& folder,
                                                            const api::ObjectKey& key) {
  if (folder.empty()) return std::optional<api::EffectivePolicy>();
  const std::string path =
      folder + "/" + key.namespace_ + "/" + std::string(api::row(key.kind).plural) + "/" + key.name + ".yaml";
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::optional<api::EffectivePolicy>();
  ASSIGN_OR_RETURN(auto text, read_file(path));
  auto json = api::from_yaml(text);
  if (!json || !json->is_object() || !json->contains("status"))
    return Error{ErrorCode::InvalidArgument,
                 path + " is not a status file" + (json ? "" : ": " + json.error().message)};
  auto status = api::status_from_json((*json)["status"]);
  if (!status) return Error{ErrorCode::InvalidArgument, path + ": " + status.error().message};
  return status->effective_policy;
}

Result<api::EffectivePolicy> find_policy(const std::string& manifests, const std::string& status,
                                         const api::ObjectKey& key, std::ostream& err) {
  ASSIGN_OR_RETURN(auto in_force, policy_in_force(status, key));
  if (in_force) return *in_force;
  if (manifests.empty())
    return Error{ErrorCode::NotFound,
                 key.to_string() + " has no status in '" + status + "' yet; give --manifests DIR too"};
  ASSIGN_OR_RETURN(auto loaded, load_manifests({manifests}));
  for (const auto& problem : loaded.problems) err << "hawser: " << api::to_string(problem) << "\n";
  return computed_policy(loaded.objects, key);
}

Json to_json(const api::EffectivePolicy& policy, const api::ObjectKey& key) {
  return {{"namespace", key.namespace_},
          {"connection", key.name},
          {"source", policy.source},
          {"name", policy.name},
          {"saLifeTimeSeconds", policy.sa_life_time_seconds},
          {"saDataSizeKilobytes", policy.sa_data_size_kilobytes},
          {"ipsecEncryption", policy.ipsec_encryption},
          {"ipsecIntegrity", policy.ipsec_integrity},
          {"ikeEncryption", policy.ike_encryption},
          {"ikeIntegrity", policy.ike_integrity},
          {"dhGroup", policy.dh_group},
          {"pfsGroup", policy.pfs_group}};
}

// What the status says, else what the objects ask for, as in the folders.
Result<api::EffectivePolicy> find_policy(Cluster& cluster, const api::ObjectKey& key, std::ostream& err) {
  ASSIGN_OR_RETURN(KnownObjects own, read_cluster(cluster, {api::Kind::Connection}, key.namespace_));
  auto record = own.status.records.find(key);
  if (record != own.status.records.end() && record->second.status.effective_policy)
    return *record->second.status.effective_policy;
  if (!own.objects.contains(key))
    return Error{ErrorCode::NotFound,
                 key.to_string() + " is not in the cluster; check the name and the namespace (-n)"};
  std::vector<api::Kind> kinds;
  for (const api::KindRow& row : api::kKinds) kinds.push_back(row.kind);
  ASSIGN_OR_RETURN(KnownObjects all, read_cluster(cluster, kinds, key.namespace_));
  for (const std::string& problem : all.status.problems) err << "hawser: " << problem << "\n";
  api::ObjectSet objects;
  for (auto& [name, object] : all.objects) api::insert(objects, object);
  return computed_policy(objects, key);
}

Result<void> check_usage(const ShowPolicyOptions& options) {
  auto usage = [](std::string message) { return Error{ErrorCode::Unsupported, std::move(message)}; };
  if (!options.output.empty() && options.output != "json")
    return usage("-o '" + options.output + "': use json");
  const bool no_namespace = options.namespace_.empty();
  if (!is_path_component(options.connection) || (!no_namespace && !is_path_component(options.namespace_)))
    return usage("'" + options.namespace_ + "/" + options.connection + "' is not a namespace and a name");
  return {};
}

int fail(const Error& error, std::ostream& err) {
  err << "hawser show policy: " << error.message << "\n";
  return error.code == ErrorCode::Unsupported ? 2 : 1;
}

}  // namespace

Result<api::EffectivePolicy> computed_policy(const api::ObjectSet& objects, const api::ObjectKey& key) {
  auto it = objects.connections.find(api::map_key(key.namespace_, key.name));
  if (it == objects.connections.end())
    return Error{ErrorCode::NotFound,
                 key.to_string() + " is not in the manifests; check the name and the namespace (-n)"};
  const policy::Resolution resolution = policy::resolve(objects, it->second);
  const auto& found = resolution.resolved;
  const bool policy_missing = it->second.spec.ipsec_policy_ref && found.policy == nullptr;
  if (found.gateway == nullptr || policy_missing)
    return Error{ErrorCode::NotFound, key.to_string() + ": " + resolution.missing.at(0).field_path + ": " +
                                          resolution.missing.at(0).message};
  for (const auto& violation : policy::validate(objects, {})) {
    const auto& broken = violation.object;
    const bool ours =
        broken == key || (found.policy != nullptr && broken.kind == api::Kind::IpsecPolicy &&
                          broken.namespace_ == key.namespace_ && broken.name == found.policy->meta.name);
    if (ours && violation.severity == policy::Severity::Refuse)
      return Error{ErrorCode::InvalidArgument, "no policy is in force, " + broken.to_string() + " breaks " +
                                                   violation.rule + ": " + violation.field_path + ": " +
                                                   violation.message};
  }
  return policy::effective_policy(found.policy, *found.gateway);
}

std::string policy_text(const api::EffectivePolicy& policy, const api::ObjectKey& connection) {
  std::string out;
  if (policy.source == "Profile")
    out = connection.to_string() + " has no IpsecPolicy; the default proposal of " + policy.name +
          " is in force:\n";
  out += "SALifeTimeSeconds : " + std::to_string(policy.sa_life_time_seconds) + "\n";
  out += "SADataSizeKilobytes : " + std::to_string(policy.sa_data_size_kilobytes) + "\n";
  out += "IpsecEncryption : " + policy.ipsec_encryption + "\n";
  out += "IpsecIntegrity : " + policy.ipsec_integrity + "\n";
  out += "IkeEncryption : " + policy.ike_encryption + "\n";
  out += "IkeIntegrity : " + policy.ike_integrity + "\n";
  out += "DhGroup : " + policy.dh_group + "\n";
  out += "PfsGroup : " + policy.pfs_group + "\n";
  return out;
}

int show_policy(const ShowPolicyOptions& options, std::ostream& out, std::ostream& err) {
  if (auto usable = check_usage(options); !usable) return fail(usable.error(), err);
  auto folders = choose_folders(options.manifests, options.status, options.cluster);
  if (!folders) return fail({ErrorCode::Unsupported, folders.error().message}, err);
  api::ObjectKey key{api::Kind::Connection, options.namespace_, options.connection};
  auto policy = [&]() -> Result<api::EffectivePolicy> {
    if (folders->none()) {
      ASSIGN_OR_RETURN(Cluster cluster, options.open(options.cluster));
      if (key.namespace_.empty()) key.namespace_ = cluster.namespace_;
      return find_policy(cluster, key, err);
    }
    if (key.namespace_.empty()) key.namespace_ = "default";
    return find_policy(folders->manifests, folders->status, key, err);
  }();
  if (!policy) return fail(policy.error(), err);
  if (options.output == "json") {
    out << to_json(*policy, key).dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
  } else {
    out << policy_text(*policy, key);
  }
  return 0;
}

}  // namespace hawser::cli
