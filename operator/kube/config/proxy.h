#pragma once

#include <string>

#include "common/base/environment.h"

namespace hawser::kube {

// The variable of the environment (HTTPS_PROXY, HTTP_PROXY, or in small letters) that names a proxy for the
// server of this URL, unless NO_PROXY leaves the server out; empty: none. Proxies are not supported: whoever
// connects says so, because behind one that must be used the connection fails without a word of it.
std::string proxy_variable(const std::string& url, const Environment& environment);
// The same of the process's environment, as a sentence for people; empty: nothing to say.
std::string proxy_warning(const std::string& url);

}  // namespace hawser::kube
