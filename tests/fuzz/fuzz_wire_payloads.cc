#include "common/base/check.h"
#include "sidecar/wire/message.h"

// What an authenticated peer can put inside SK. First octet: type of the first payload; the rest: the chain.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hawser::wire;  // NOLINT(google-build-using-namespace)
  if (size == 0) return 0;
  auto payloads = parse_payloads(static_cast<PayloadType>(data[0]), {data + 1, size - 1});
  if (!payloads) return 0;
  for (const auto& payload : *payloads)
    if (const auto* ts = std::get_if<TsPayload>(&payload); ts != nullptr && ts->selectors.empty()) return 0;
  Chain once = serialize_payloads(*payloads);
  auto again = parse_payloads(once.first, once.bytes);
  CHECK(again && serialize_payloads(*again).bytes == once.bytes);
  return 0;
}
