#pragma once

#include "common/base/secret.h"
#include "hawser/v1/state.pb.h"
#include "sidecar/dataplane/data_plane.h"
#include "sidecar/ike/config.h"

namespace hawser::agent {

// What engine and data plane are told of a spec that passed spec::check. `source` is the address packets
// leave from; the identity is the spec's local_address even when that address is not on this node (behind a
// cloud's NAT). REQUIRES: spec::check(spec) found nothing, but for the key, which comes apart.
ike::PeerConfig to_peer_config(const sa::ConnectionName& name, const v1::ConnectionSpec& spec,
                               const SecretBytes& key, const IpAddress& source);
dataplane::TunnelSpec to_tunnel(const sa::ConnectionName& name, const v1::ConnectionSpec& spec);

}  // namespace hawser::agent
