#include "operator/cli/cluster.h"

#include <nlohmann/json.hpp>

#include "common/base/clock.h"
#include "common/base/environment.h"
#include "common/base/product_version.h"
#include "operator/api/codec.h"
#include "operator/api/names.h"
#include "operator/api/text.h"
#include "operator/cluster/object_codec.h"
#include "operator/kube/api_client.h"
#include "operator/kube/api_error.h"
#include "operator/kube/config/kubeconfig.h"
#include "operator/kube/config/proxy.h"
#include "operator/kube/cpprest/cpprest_transport.h"
#include "operator/kube/cpprest/threads.h"
#include "operator/kube/json_text.h"

namespace hawser::cli {
namespace {

using Json = nlohmann::json;

Error to_error(const kube::ApiError& error, const std::string& plural) {
  if (error.code == 404)
    return {ErrorCode::NotFound, "the cluster does not know " + plural + "." +
                                     "hawser.dev; are the CRDs installed? (" + error.message + ")"};
  const bool refused = error.code == 401 || error.code == 403;
  return {refused ? ErrorCode::PermissionDenied : ErrorCode::Unavailable, error.message};
}

Result<Json> get(Cluster& cluster, const kube::ApiRequest& request, const std::string& plural) {
  // One authorization a request and no clock: a command is over before a token is.
  ASSIGN_OR_RETURN(const std::string authorization, cluster.credentials->authorization(TimePoint{}));
  kube::HttpRequest http;
  http.path = kube::escaped_target(request);
  http.headers = {{"Accept", "application/json"},
                  {"User-Agent", kube::user_agent("hawser", kProductVersion)}};
  if (!authorization.empty()) http.headers["Authorization"] = authorization;
  const auto answer = cluster.transport->send(http);
  if (!answer)
    return Error{answer.error().code,
                 answer.error().message + (cluster.note.empty() ? "" : "; " + cluster.note)};
  if (answer->status != 200) return to_error(kube::error_from_answer("GET " + request.path, *answer), plural);
  Json body = kube::parse_answer(answer->body);
  if (!body.is_object() || !body.contains("items") || !body["items"].is_array())
    return Error{ErrorCode::Unavailable, "GET " + request.path + ": the server's answer is no list"};
  return body;
}

void add_item(api::Kind kind, Json& item, KnownObjects& out) {
  const api::ObjectKey key{kind, cluster::metadata_text(item, "namespace"),
                           cluster::metadata_text(item, "name")};
  if (auto status = item.find("status"); status != item.end() && status->is_object() && !status->empty()) {
    auto read = api::status_from_json(nlohmann::ordered_json(*status));
    if (read) {
      out.status.records[key] = {.key = key,
                                 .generation = cluster::generation_of(item),
                                 .creation_timestamp = cluster::metadata_text(item, "creationTimestamp"),
                                 .spec_digest = "",
                                 .status = *std::move(read)};
    } else {
      out.status.problems.push_back(key.to_string() + ": " + read.error().message);
    }
  }
  cluster::DecodedObject decoded = cluster::decode_object(kind, item);
  if (decoded.object) {
    out.objects.insert_or_assign(key, *std::move(decoded.object));
  } else {
    out.status.problems.push_back(key.to_string() + ": " + decoded.fault);
  }
}

Result<void> read_kind(Cluster& cluster, api::Kind kind, const std::string& namespace_, KnownObjects& out) {
  const std::string plural(api::row(kind).plural);
  const std::string within = namespace_.empty() ? "" : "namespaces/" + namespace_ + "/";
  std::string next;
  do {
    kube::ApiRequest request{.path = "/apis/" + std::string(api::kApiVersion) + "/" + within + plural,
                             .query = {{"limit", "500"}}};
    if (!next.empty()) request.query.emplace_back("continue", next);
    ASSIGN_OR_RETURN(Json list, get(cluster, request, plural));
    for (Json& item : list["items"]) add_item(kind, item, out);
    next = cluster::metadata_text(list, "continue");
  } while (!next.empty());
  return {};
}

}  // namespace

Result<Folders> choose_folders(const std::string& manifests, const std::string& status,
                               const ClusterFlags& flags) {
  Folders folders{manifests, status};
  if (!flags.none()) {
    if (folders.none()) return folders;
    return Error{ErrorCode::InvalidArgument,
                 "folders (--manifests, --status) and a cluster (--kubeconfig, --context): choose one"};
  }
  auto or_environment = [](const std::string& given, const char* variable) {
    return given.empty() ? process_environment(variable).value_or("") : given;
  };
  return Folders{or_environment(manifests, "HAWSER_MANIFESTS"), or_environment(status, "HAWSER_STATUS")};
}

Result<Cluster> open_cluster(const ClusterFlags& flags) {
  auto access = kube::kubeconfig_access({.file = flags.kubeconfig, .context = flags.context});
  if (!access && access.error().code == ErrorCode::NotFound && flags.kubeconfig.empty() &&
      flags.context.empty())
    if (auto pod = kube::in_cluster_access()) access = std::move(pod);
  if (!access) {
    if (access.error().code != ErrorCode::NotFound) return access.error();
    return Error{ErrorCode::NotFound, access.error().message +
                                          "; give --kubeconfig FILE, or --manifests DIR and "
                                          "--status DIR (HAWSER_MANIFESTS, HAWSER_STATUS)"};
  }
  kube::limit_http_threads(2);
  auto transport = kube::CpprestTransport::create(access->server, std::move(access->tls));
  if (!transport) return Error{transport.error().code, access->origin + ": " + transport.error().message};
  return Cluster{*std::move(transport), std::move(access->credentials), access->namespace_,
                 kube::proxy_warning(access->server)};
}

Result<KnownObjects> read_cluster(Cluster& cluster, const std::vector<api::Kind>& kinds,
                                  const std::string& namespace_) {
  // It goes into the path of the request.
  if (!namespace_.empty() && !api::is_dns_label(namespace_))
    return Error{ErrorCode::InvalidArgument,
                 "namespace " + api::in_quotes(namespace_) +
                     " is none: allowed are lower case letters, digits and '-', 63 characters at most"};
  KnownObjects out;
  for (api::Kind kind : kinds)
    if (kind != api::Kind::Secret) RETURN_IF_ERROR(read_kind(cluster, kind, namespace_, out));
  return out;
}

}  // namespace hawser::cli
