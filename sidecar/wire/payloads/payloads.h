#pragma once

#include "sidecar/wire/message.h"
#include "sidecar/wire/reader.h"
#include "sidecar/wire/writer.h"

// Decoder and encoder of each payload's body: what follows the generic header (RFC 7296 3.2). Internal to
// sidecar/wire. A decoder leaves its verdict in the reader; the caller asks finish(), which also refuses
// octets left over, and drops the value when that fails.
namespace hawser::wire {

// Bounds on what an unauthenticated peer can make us build from one datagram.
inline constexpr size_t kMaxPayloads = 128;
inline constexpr size_t kMaxProposals = 64;

SaPayload decode_sa(Reader& in);
KePayload decode_ke(Reader& in);
NoncePayload decode_nonce(Reader& in);
IdPayload decode_id(Reader& in, bool initiator);
AuthPayload decode_auth(Reader& in);
NotifyPayload decode_notify(Reader& in);
DeletePayload decode_delete(Reader& in);
VendorIdPayload decode_vendor_id(Reader& in);
TsPayload decode_ts(Reader& in, bool initiator);

void encode(Writer& out, const SaPayload& payload);
void encode(Writer& out, const KePayload& payload);
void encode(Writer& out, const NoncePayload& payload);
void encode(Writer& out, const IdPayload& payload);
void encode(Writer& out, const AuthPayload& payload);
void encode(Writer& out, const NotifyPayload& payload);
void encode(Writer& out, const DeletePayload& payload);
void encode(Writer& out, const VendorIdPayload& payload);
void encode(Writer& out, const TsPayload& payload);

}  // namespace hawser::wire
