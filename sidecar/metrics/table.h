#pragma once

#include <array>
#include <string_view>

// Every metric of the sidecar, a row each (contracts, section 9). What is not here is not exported; the order
// is that of the exposition. Labels after `namespace` and `connection` come from the closed lists of
// sidecar/status/labels.h and of the data plane, except on `_info`.
namespace hawser::metrics {

enum class Type : uint8_t { Gauge, Counter, Histogram };

enum class Metric : uint8_t {
  ConnectionConfigured,
  ConnectionUp,
  ConnectionInfo,
  ConnectionState,
  ConnectionDownReason,
  IkeSas,
  ChildSas,
  IkeSaInfo,
  ChildSaInfo,
  IkeSaEstablished,
  ReceiveBytes,
  TransmitBytes,
  ReceivePackets,
  TransmitPackets,
  LastReceive,
  DroppedPackets,
  Negotiations,
  Rekeys,
  IkeRetransmits,
  HandshakeDuration,
  BuildInfo,
  kCount,
};

struct MetricRow {
  Metric metric;
  std::string_view name;  // without the prefix
  Type type;
  std::string_view help;
};

inline constexpr std::string_view kPrefix = "hawser_";

// clang-format off
inline constexpr std::array kMetrics = std::to_array<MetricRow>({
    {Metric::ConnectionConfigured, "connection_configured", Type::Gauge, "1 for each connection the operator asks for."},
    {Metric::ConnectionUp, "connection_up", Type::Gauge, "1 while the connection is Established."},
    {Metric::ConnectionInfo, "connection_info", Type::Gauge, "1; the connection as configured: outer addresses, policy, interface."},
    {Metric::ConnectionState, "connection_state", Type::Gauge, "1 for the state the connection is in, 0 for the others."},
    {Metric::ConnectionDownReason, "connection_down_reason", Type::Gauge, "1 for the reason why the connection is down, 0 for the others."},
    {Metric::IkeSas, "ike_sas", Type::Gauge, "Established IKE SAs; two for a moment while rekeying."},
    {Metric::ChildSas, "child_sas", Type::Gauge, "Installed pairs of ESP SAs; two for a moment while rekeying."},
    {Metric::IkeSaInfo, "ike_sa_info", Type::Gauge, "1; suite, role, NAT and endpoints of the newest IKE SA."},
    {Metric::ChildSaInfo, "child_sa_info", Type::Gauge, "1; suite and encapsulation of the newest pair of ESP SAs."},
    {Metric::IkeSaEstablished, "ike_sa_established_timestamp_seconds", Type::Gauge, "When the newest IKE SA was established, in seconds since 1970; 0 without one."},
    {Metric::ReceiveBytes, "receive_bytes_total", Type::Counter, "Inner octets received through the tunnel."},
    {Metric::TransmitBytes, "transmit_bytes_total", Type::Counter, "Inner octets sent through the tunnel."},
    {Metric::ReceivePackets, "receive_packets_total", Type::Counter, "Inner packets received through the tunnel."},
    {Metric::TransmitPackets, "transmit_packets_total", Type::Counter, "Inner packets sent through the tunnel."},
    {Metric::LastReceive, "last_receive_timestamp_seconds", Type::Gauge, "When the last authenticated packet arrived, in seconds since 1970; 0 before the first."},
    {Metric::DroppedPackets, "dropped_packets_total", Type::Counter, "Packets dropped instead of carried, by direction and reason."},
    {Metric::Negotiations, "negotiations_total", Type::Counter, "IKE exchanges that ended, by exchange, our role in it and result."},
    {Metric::Rekeys, "rekeys_total", Type::Counter, "Rekeys that ended, by kind of SA, who began and result."},
    {Metric::IkeRetransmits, "ike_retransmits_total", Type::Counter, "IKE requests sent again for want of an answer."},
    {Metric::HandshakeDuration, "handshake_duration_seconds", Type::Histogram, "From the first IKE_SA_INIT to the end of IKE_AUTH."},
    {Metric::BuildInfo, "build_info", Type::Gauge, "1; version and data plane of this sidecar."},
});
// clang-format on

}  // namespace hawser::metrics
