#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "common/base/secret.h"

namespace hawser::sidecars {

// How the operator proves itself on TCP, and whom it believes. PEM.
struct TlsIdentity {
  std::string authorities;
  std::string certificate;
  SecretBytes key;
};

// The identity of now, for clients that take the newest at each attempt. Safe to call from any thread.
class TlsSlot {
 public:
  void set(std::shared_ptr<const TlsIdentity> identity) {
    std::lock_guard lock(mutex_);
    identity_ = std::move(identity);
  }
  // Null before the first set().
  std::shared_ptr<const TlsIdentity> get() const {
    std::lock_guard lock(mutex_);
    return identity_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const TlsIdentity> identity_;  // guarded by mutex_
};

}  // namespace hawser::sidecars
