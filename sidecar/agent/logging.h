#pragma once

#include <string>

#include "common/base/result.h"

namespace hawser::agent {

// Lines to standard error, `text` or `json` (one object a line). Control characters are escaped in both: part
// of what is logged was said by peers. InvalidArgument for another level (debug, info, warning, error) or
// format.
Result<void> set_up_logging(const std::string& level, const std::string& format);

}  // namespace hawser::agent
