#pragma once

#include "hawser/v1/state.pb.h"

namespace hawser::spec {

// What a change of a spec does to a tunnel that is up, mildest first. One table in diff.cc, a row for each
// field.
enum class Impact : uint8_t {
  None,          // the same
  InPlace,       // routes, timers, mode: nothing is negotiated
  RekeyChild,    // ESP suite, PFS or lifetimes
  ReplaceIkeSa,  // key, identities, IKE suite
  Recreate,      // addresses, data plane
};

Impact diff(const v1::ConnectionSpec& before, const v1::ConnectionSpec& after);

}  // namespace hawser::spec
