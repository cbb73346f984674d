#pragma once

#include <string>
#include <vector>

#include "operator/kube/client.h"

namespace hawser::kube {

// The error in an answer that is not 2xx. `what` is the verb and the path.
ApiError error_from_answer(const std::string& what, const HttpResponse& answer);
// No answer, or one that is none.
ApiError error_without_answer(const std::string& what, const std::string& reason, const std::string& why);

// 410 in any of its forms: the resource version is too old, what it belongs to must be read anew.
bool is_expired(const ApiError& error);
// The server is behind the resource version that was asked for.
bool is_too_large(const ApiError& error);

// The texts of Warning headers: `299 - "a is deprecated", 299 - "b"`.
std::vector<std::string> warning_texts(const std::string& header);

// "/api/v1/pods?fieldSelector=a%3Db"
std::string escaped_target(const ApiRequest& request);

}  // namespace hawser::kube
