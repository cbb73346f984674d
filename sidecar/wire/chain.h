#pragma once

#include "sidecar/wire/message.h"
#include "sidecar/wire/writer.h"

// The chain of payloads that links by "next payload" (RFC 7296 3.2). Internal to sidecar/wire.
namespace hawser::wire {

// Where a chain stands: SK and SKF occur in clear only (RFC 7296 3.14: no SK inside SK).
enum class ChainPlace { Outer, InsideSk };

Result<std::vector<Payload>> decode_chain(PayloadType first, BytesView chain, ChainPlace place);
void encode_chain(Writer& out, const std::vector<Payload>& payloads);
PayloadType type_of(const Payload& payload);

}  // namespace hawser::wire
