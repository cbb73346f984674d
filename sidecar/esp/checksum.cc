#include "sidecar/esp/checksum.h"

namespace hawser::esp {
namespace {

uint16_t fold(uint32_t sum) {
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

}  // namespace

uint32_t checksum_add(BytesView data, uint32_t sum) {
  // 64 KiB of words fit twice into 32 bits, once folded.
  sum = fold(sum);
  size_t i = 0;
  for (; i + 1 < data.size(); i += 2) sum += load_be16(&data[i]);
  if (i < data.size()) sum += static_cast<uint32_t>(data[i]) << 8;
  return sum;
}

uint16_t checksum_finish(uint32_t sum) { return static_cast<uint16_t>(~fold(sum)); }

uint16_t checksum_update(uint16_t field, uint16_t before, uint16_t after) {
  uint32_t sum = static_cast<uint16_t>(~field);
  sum += static_cast<uint16_t>(~before);
  sum += after;
  return checksum_finish(sum);
}

}  // namespace hawser::esp
