#pragma once

#include <string>

#include "operator/kube/client.h"
#include "operator/kube/reflector.h"

namespace hawser::kube {

// The requests of a reflector. `lifetime` is when the server shall end the watch.
ApiRequest streaming_list_request(const Scope& scope, const std::string& version, Duration lifetime);
ApiRequest watch_request(const Scope& scope, const std::string& version, Duration lifetime);
// `version` "" asks for the newest state, in pages; "0" for any; else for one not older.
ApiRequest list_request(const Scope& scope, const std::string& version, const std::string& page);

// Of the one object of a scope with a name.
ApiRequest get_request(const Scope& scope);

// What a person reads in Reflector::trouble().
std::string explain(const Scope& scope, const ApiError& error);

}  // namespace hawser::kube
