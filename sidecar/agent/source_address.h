#pragma once

#include <optional>

#include "common/base/ip.h"
#include "common/base/result.h"

namespace hawser::agent {

// Which of our addresses a peer is reached from. An interface, so that the reconciler's tests need no routes.
class SourceAddresses {
 public:
  virtual ~SourceAddresses() = default;
  // True when the address is on an interface of this node. A public address behind a cloud's NAT is not.
  virtual bool is_local(const IpAddress& address) const = 0;
  // An address of this node that is in the prefix.
  virtual std::optional<IpAddress> inside(const IpPrefix& prefix) const = 0;
  // The source that the route to `remote` gives; Unavailable while there is no route.
  virtual Result<IpAddress> toward(const IpAddress& remote) const = 0;
};

// Asks the kernel, with marked sockets: what it answers never goes through a tunnel.
class KernelSourceAddresses final : public SourceAddresses {
 public:
  bool is_local(const IpAddress& address) const override;
  std::optional<IpAddress> inside(const IpPrefix& prefix) const override;
  Result<IpAddress> toward(const IpAddress& remote) const override;
};

}  // namespace hawser::agent
