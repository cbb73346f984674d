#include "common/base/check.h"
#include "sidecar/wire/message.h"

// A datagram from anywhere. What parses must survive: serialized and parsed again it gives the same octets.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hawser::wire;  // NOLINT(google-build-using-namespace)
  auto message = parse({data, size});
  if (!message) return 0;
  // Selectors of unknown types are dropped; a payload of nothing else cannot be sent again.
  for (const auto& payload : message->payloads)
    if (const auto* ts = std::get_if<TsPayload>(&payload); ts != nullptr && ts->selectors.empty()) return 0;
  hawser::Bytes once = serialize(*message);
  auto again = parse(once);
  CHECK(again && serialize(*again) == once);
  return 0;
}
