#include "operator/kube/reflector_io.h"

namespace hawser::kube {
namespace {

ApiRequest request_of(const Scope& scope) {
  ApiRequest request;
  request.path = scope.path;
  if (!scope.name.empty()) request.query.emplace_back("fieldSelector", "metadata.name=" + scope.name);
  if (!scope.label_selector.empty()) request.query.emplace_back("labelSelector", scope.label_selector);
  return request;
}

std::string seconds(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

}  // namespace

ApiRequest watch_request(const Scope& scope, const std::string& version, Duration lifetime) {
  ApiRequest request = request_of(scope);
  request.query.emplace_back("watch", "1");
  request.query.emplace_back("allowWatchBookmarks", "true");
  request.query.emplace_back("timeoutSeconds", seconds(lifetime));
  if (!version.empty()) request.query.emplace_back("resourceVersion", version);
  return request;
}

ApiRequest streaming_list_request(const Scope& scope, const std::string& version, Duration lifetime) {
  ApiRequest request = watch_request(scope, version, lifetime);
  request.query.emplace_back("sendInitialEvents", "true");
  request.query.emplace_back("resourceVersionMatch", "NotOlderThan");
  return request;
}

ApiRequest list_request(const Scope& scope, const std::string& version, const std::string& page) {
  ApiRequest request = request_of(scope);
  if (page.empty() && !version.empty()) {
    request.query.emplace_back("resourceVersion", version);
    return request;
  }
  request.query.emplace_back("limit", "500");
  if (!page.empty()) request.query.emplace_back("continue", page);
  return request;
}

ApiRequest get_request(const Scope& scope) {
  ApiRequest request;
  request.path = scope.path + "/" + scope.name;
  return request;
}

std::string explain(const Scope& scope, const ApiError& error) {
  std::string why = error.message.empty() ? error.reason : error.message;
  if (why.empty()) why = "no reason given";
  const bool one = !scope.name.empty();
  const std::string what = one ? scope.path + "/" + scope.name : scope.path;
  const std::string act = one ? "get and watch " : "list and watch ";
  if (error.code == 403)
    return "forbidden to " + act + what + ": " + why + "; grant " +
           (one ? "get and watch" : "get, list and watch");
  if (error.code == 404)
    return "the server does not know " + what + ": " + why + "; install its CustomResourceDefinition";
  const std::string code = error.code == 0 ? "no answer" : std::to_string(error.code);
  return "cannot " + act + what + " (" + code + "): " + why;
}

}  // namespace hawser::kube
