#pragma once

#include "common/base/bytes.h"

// The Internet checksum (RFC 1071) and its change in place (RFC 1624).
namespace hawser::esp {

// One's complement sum, not yet folded; `sum` continues over several parts, all but the last of even length.
uint32_t checksum_add(BytesView data, uint32_t sum = 0);
// Folds and complements: the value of a checksum field.
uint16_t checksum_finish(uint32_t sum);
// The field's new value after a 16-bit word it covers has changed (RFC 1624 equation 3).
uint16_t checksum_update(uint16_t field, uint16_t before, uint16_t after);

}  // namespace hawser::esp
