#pragma once

#include <deque>
#include <map>
#include <set>

#include "sidecar/dataplane/data_plane.h"

namespace hawser::support {

// A packet inside a tunnel, as far as a data plane judges it.
struct InnerPacket {
  IpAddress source;
  IpAddress destination;
  size_t size = 100;  // octets, IP header included
};

// A DataPlane in memory: no network, no crypto, no thread. It writes down each call and behaves as the
// contract says (tests/contract/data_plane_contract_test.cc), with packets that the test hands to deliver()
// and send().
class RecordingDataPlane final : public dataplane::DataPlane {
 public:
  // The clock outlives this.
  explicit RecordingDataPlane(const Clock& clock) : clock_(clock) {}

  // In order, as "install a/b 4097": verb, connection, inbound SPI in decimal; configure and unconfigure
  // without SPI.
  const std::vector<std::string>& calls() const { return calls_; }
  void clear_calls() { calls_.clear(); }
  // The next install() fails with this.
  void fail_next_install(Error error) { next_install_error_ = std::move(error); }
  // Every configure() fails with this until it is cleared.
  void fail_configure(std::optional<Error> error) { configure_error_ = std::move(error); }
  // Posted as if a packet had caused it.
  void post(sa::DataPlaneEvent event) { events_.push_back(std::move(event)); }

  const dataplane::TunnelSpec* tunnel(const sa::ConnectionName& connection) const;
  // Pairs in the order they were installed; empty for an unknown connection.
  std::vector<sa::Spi> installed(const sa::ConnectionName& connection) const;
  const sa::ChildSaSpec* find(sa::Spi inbound_spi) const;
  // Connections whose fail-closed routes would be there.
  const std::set<sa::ConnectionName>& fail_closed() const { return fail_closed_; }
  // How often an unconfigure() took such routes away.
  size_t fail_closed_removals() const { return fail_closed_removals_; }

  // A good ESP packet of that SPI came in. True: the inner packet was delivered.
  bool deliver(sa::Spi inbound_spi, const InnerPacket& packet);
  struct Sent {
    sa::Spi outbound_spi;
    SocketAddress remote;
  };
  // A packet for the interface. Nothing: it was dropped.
  std::optional<Sent> send(const sa::ConnectionName& connection, const InnerPacket& packet);

  dataplane::Capabilities capabilities() const override { return {}; }
  Result<void> configure(const dataplane::TunnelSpec& tunnel) override;
  void unconfigure(const sa::ConnectionName& connection, bool keep_fail_closed) override;
  Result<void> remove_leftovers() override;
  Result<void> install(sa::ChildSaSpec spec) override;
  Result<void> activate_outbound(const sa::ConnectionName& connection, sa::Spi inbound_spi) override;
  void remove(const sa::ConnectionName& connection, sa::Spi inbound_spi) override;
  Result<void> update_endpoint(const sa::ConnectionName& connection, sa::Spi inbound_spi,
                               const SocketAddress& local, const SocketAddress& remote) override;
  std::optional<dataplane::Counters> counters(const sa::ConnectionName& connection) const override;
  uint64_t unknown_spi_packets() const override { return unknown_spi_packets_; }
  int event_fd() const override { return -1; }
  std::optional<sa::DataPlaneEvent> poll_event() override;

 private:
  struct Pair {
    sa::ChildSaSpec spec;
    uint64_t activation = 0;
    uint64_t inbound_octets = 0, outbound_octets = 0;
    bool first_reported = false, soft_reported = false, expired = false;
    std::optional<TimePoint> last_inbound, last_outbound;
  };
  struct Tunnel {
    dataplane::TunnelSpec spec;
    dataplane::Counters counters;
    std::vector<Pair> pairs;
  };

  void record(const char* verb, const sa::ConnectionName& connection, std::optional<sa::Spi> spi = {});
  Result<Pair*> find_pair(const sa::ConnectionName& connection, sa::Spi inbound_spi);
  bool spend(Pair& pair, uint64_t& octets, size_t size);
  template <typename Activity>
  void note_activity(Pair& pair, std::optional<TimePoint>& last);

  const Clock& clock_;
  std::vector<std::string> calls_;
  std::map<sa::ConnectionName, Tunnel> tunnels_;
  std::set<sa::ConnectionName> fail_closed_;
  size_t fail_closed_removals_ = 0;
  std::deque<sa::DataPlaneEvent> events_;
  std::optional<Error> next_install_error_;
  std::optional<Error> configure_error_;
  uint64_t activations_ = 0;
  uint64_t unknown_spi_packets_ = 0;
};

}  // namespace hawser::support
