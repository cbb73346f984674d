#pragma once

#include <string>
#include <string_view>

#include "common/base/bytes.h"
#include "common/base/secret.h"

namespace hawser {

// RFC 4648 section 4, padded.
std::string encode_base64(BytesView bytes);
// Line breaks are allowed, as Kubernetes does. False when it is not that, and `out` is as it was.
bool decode_base64(std::string_view text, SecretBytes& out);

}  // namespace hawser
