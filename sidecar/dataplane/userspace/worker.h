#pragma once

#include <memory>
#include <unordered_map>

#include "sidecar/crypto/context.h"
#include "sidecar/dataplane/userspace/buffered_random.h"
#include "sidecar/dataplane/userspace/command_channel.h"
#include "sidecar/dataplane/userspace/early_packets.h"
#include "sidecar/dataplane/userspace/mailbox.h"
#include "sidecar/dataplane/userspace/receive_batch.h"
#include "sidecar/dataplane/userspace/send_batch.h"
#include "sidecar/dataplane/userspace/tunnel.h"

namespace hawser::dataplane {

// The sockets the worker reads and sends on. fd -1: that way does not exist here.
struct WorkerSockets {
  struct Nat {
    int fd = -1;  // borrowed
    uint16_t port = 0;
  };
  Nat nat_v4, nat_v6;
  UniqueFd esp_v4, esp_v6;
};

// Moves packets between TUN interfaces and sockets, run to completion, on one thread: run(). All other
// methods but the constructor and unknown_spi_packets() are commands and belong to that thread
// (CommandChannel).
class Worker {
 public:
  struct Parts {
    WorkerSockets sockets;
    std::unique_ptr<crypto::Context> context;
    const Clock* clock = nullptr;
    Mailbox* mailbox = nullptr;
    CommandChannel* commands = nullptr;
  };
  static Result<std::unique_ptr<Worker>> create(Parts parts);

  // Until a command called stop().
  void run();
  void stop() { stopping_ = true; }

  Result<void> add_tunnel(const TunnelSpec& spec, UniqueFd interface,
                          std::shared_ptr<TunnelCounters> counters);
  // NotFound is impossible for the next ones: the owner knows what it added.
  void change_tunnel(const TunnelSpec& spec);
  Result<void> replace_interface(const sa::ConnectionName& connection, UniqueFd interface);
  void remove_tunnel(const sa::ConnectionName& connection);

  Result<void> install(sa::ChildSaSpec spec);
  Result<void> activate_outbound(const sa::ConnectionName& connection, sa::Spi inbound_spi);
  void remove(const sa::ConnectionName& connection, sa::Spi inbound_spi);
  Result<void> update_endpoint(const sa::ConnectionName& connection, sa::Spi inbound_spi,
                               const SocketAddress& local, const SocketAddress& remote);

  uint64_t unknown_spi_packets() const { return unknown_spi_packets_.get(); }

 private:
  // What an epoll event is about; a tunnel by its number, so that a late event of a removed one finds
  // nothing.
  enum class Source : uint32_t { Command, NatV4, NatV6, EspV4, EspV6, Tunnel };
  struct PairEntry {
    SaPair* pair;
    Tunnel* tunnel;
  };

  explicit Worker(Parts parts);
  Result<void> watch(int fd, Source source, uint32_t number = 0);
  void handle(uint64_t token);
  Tunnel& tunnel(const sa::ConnectionName& connection);
  Result<SaPair*> find_pair(const sa::ConnectionName& connection, sa::Spi inbound_spi);
  // Unsupported when there is no socket for it.
  Result<SendPath> path_for(sa::Encapsulation encapsulation, const SocketAddress& local,
                            const SocketAddress& remote);

  // Inbound (inbound.cc).
  void drain_nat(const WorkerSockets::Nat& socket);
  void drain_esp(int fd, IpVersion version);
  void receive_datagrams(const ReceiveBatch::Packet& packet);
  void receive_esp(MutableBytesView esp, uint8_t tos);
  void open(const PairEntry& entry, MutableBytesView esp, uint8_t tos);
  void deliver(Tunnel& tunnel, SaPair& pair, MutableBytesView inner);

  // Outbound (outbound.cc).
  void drain_tunnel(uint32_t number);
  void send(Tunnel& tunnel, SaPair* pair, MutableBytesView slot, MutableBytesView inner);
  void refuse(Tunnel& tunnel, const esp::InnerHeader& header, BytesView packet);

  // The only packets with an MSS; the others need not be parsed for it.
  static bool is_tcp_syn(const esp::InnerHeader& header, BytesView packet);
  void report_lifetime(SaPair& pair);

  Parts parts_;
  crypto::SystemRandom system_random_;
  BufferedRandom random_{system_random_};
  UniqueFd epoll_;
  bool stopping_ = false;
  TimePoint now_{};
  WallTime wall_now_{};
  std::unordered_map<sa::ConnectionName, uint32_t> numbers_;
  std::unordered_map<uint32_t, std::unique_ptr<Tunnel>> tunnels_;
  uint32_t next_number_ = 1;
  std::unordered_map<sa::Spi, PairEntry> pairs_;
  Counter unknown_spi_packets_;
  EarlyPackets early_;
  ReceiveBatch receive_batch_;
  SendBatch send_batch_;
};

}  // namespace hawser::dataplane
