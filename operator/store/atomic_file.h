#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"

namespace hawser::store {

// Replaces the file as one step: a reader, or a crash at any moment, sees the old text or the new one. The
// text is on the disk when this returns. The folder must exist.
Result<void> write_atomically(const std::string& path, std::string_view text);

}  // namespace hawser::store
