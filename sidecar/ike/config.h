#pragma once

#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/base/ip.h"
#include "common/base/secret.h"
#include "sidecar/sa/names.h"
#include "sidecar/sa/suite.h"

namespace hawser::ike {

// RFC 7296 3.5.
enum class IdType : uint8_t { Ipv4Addr = 1, Fqdn = 2, Rfc822Addr = 3, Ipv6Addr = 5, KeyId = 11 };

struct Identity {
  IdType type = IdType::Ipv4Addr;
  Bytes data;
  static Identity of(const IpAddress& address);
  // An IP address gives ID_IPV4_ADDR or ID_IPV6_ADDR, text with '@' ID_RFC822_ADDR, other text ID_FQDN.
  static Identity parse(std::string_view text);
  std::string to_string() const;
  friend bool operator==(const Identity&, const Identity&) = default;
};

enum class Mode : uint8_t { Default, InitiatorOnly, ResponderOnly };

// All the engine knows of one connection: an entry of the Peer Authorization Database (RFC 4301 4.4.3) with
// its one exact suite (contracts, section 2). Found by the peer's address.
struct PeerConfig {
  sa::ConnectionName name;
  std::optional<IpAddress> local_address;  // empty: decided by the driver, Datagram.local says it
  IpAddress remote_address;
  std::optional<Identity> local_identity;   // empty: that of the local address in use
  std::optional<Identity> remote_identity;  // empty: any
  SecretBytes shared_key;
  sa::IkeSuite ike_suite;
  sa::ChildSuite child_suite;
  Mode mode = Mode::Default;
  bool ipv6_selectors = false;  // ::/0 beside 0.0.0.0/0
  Duration ike_lifetime = std::chrono::seconds(28800);
  Duration child_lifetime = std::chrono::seconds(27000);
  uint64_t child_bytes = UINT64_MAX;  // octets a direction
  Duration dpd_timeout = std::chrono::seconds(45);

  PeerConfig clone() const;
};

// What holds for the whole engine.
struct EndpointConfig {
  uint16_t ike_port = 500;   // local and remote (RFC 7296 2)
  uint16_t nat_port = 4500;  // RFC 7296 2.23
  Duration retransmit_initial = std::chrono::milliseconds(1000);
  double retransmit_factor = 1.6;
  Duration retransmit_cap = std::chrono::seconds(10);
  Duration unreachable_after = std::chrono::seconds(10);  // no answer to IKE_SA_INIT: report PeerUnreachable
  Duration retry_cap = std::chrono::seconds(30);          // back-off between attempts
  Duration half_open_timeout = std::chrono::seconds(30);
  Duration delete_grace = std::chrono::seconds(5);  // old inbound SA lives on after its Delete (RFC 7296 2.8)
  Duration nat_keepalive = std::chrono::seconds(20);  // RFC 3948 4
  bool raw_esp = true;       // false: always ask for UDP encapsulation (announce NAT)
  bool export_keys = false;  // emit KeysDerived; only behind an explicit capture switch
};

}  // namespace hawser::ike
