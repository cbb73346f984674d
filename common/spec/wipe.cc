#include "common/spec/wipe.h"

#include "common/base/secret.h"

namespace hawser::spec {

void wipe_keys(v1::DesiredState& desired) {
  for (auto& entry : *desired.mutable_entries()) {
    if (!entry.has_spec()) continue;
    auto& key = *entry.mutable_spec()->mutable_shared_key();
    wipe({reinterpret_cast<uint8_t*>(key.data()), key.size()});
    key.clear();
  }
}

}  // namespace hawser::spec
