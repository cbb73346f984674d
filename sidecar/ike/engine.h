#pragma once

#include <deque>
#include <map>
#include <memory>

#include "sidecar/ike/connection.h"

namespace hawser::ike {

// What the parts of the engine share. Endpoint owns it and is the only one outside this folder to see it.
struct Engine {
  Engine(EndpointConfig settings, const crypto::Context& context, Random& secrets, Jitter& spreads)
      : config(settings), crypto(context), random(secrets), jitter(spreads) {}

  EndpointConfig config;
  const crypto::Context& crypto;
  Random& random;
  Jitter& jitter;

  TimePoint now{};  // of the call being served
  std::map<sa::ConnectionName, std::unique_ptr<Connection>> connections;
  std::multimap<IpAddress, Connection*> by_remote;
  std::map<sa::IkeSpi, std::unique_ptr<IkeSa>> sas;  // by our own SPI (RFC 7296 2.6)
  std::map<sa::Spi, Connection*> by_inbound;         // of every Child SA that is installed
  std::multimap<TimePoint, Connection*> schedule;    // by the first deadline of each
  bool shutting_down = false;
  uint64_t dropped = 0;

  std::deque<Datagram> transmits;
  std::deque<sa::DataPlaneAction> actions;
  std::deque<Event> events;
};

// A message of an IKE SA (or the IKE_SA_INIT that begins one): for a protected one, `message` holds what was
// in SK.
struct Received {
  const Datagram& datagram;
  wire::Message message;
};

Connection* find_connection(Engine& engine, const IpAddress& local, const IpAddress& remote);
IkeSa* find_sa(Engine& engine, sa::IkeSpi local_spi);
IkeSa& create_sa(Engine& engine, Connection& connection, sa::Role role, sa::IkeSpi local_spi);
sa::IkeSpi new_ike_spi(Engine& engine);
sa::Spi new_spi(Engine& engine);
Bytes new_nonce(Engine& engine);

wire::NotifyPayload make_notify(wire::NotifyType type, Bytes data = {});
wire::Header make_header(const IkeSa& sa, wire::ExchangeType exchange, bool response, uint32_t message_id);

void transmit(Engine& engine, const SocketAddress& local, const SocketAddress& remote, Bytes payload);
// Puts the request into the window, sends it, arms its retransmission. REQUIRES: nothing in flight.
void send_request(Engine& engine, IkeSa& sa, Request request, const std::vector<wire::Payload>& payloads);
void send_bytes(Engine& engine, IkeSa& sa, Request request);
// The request's turn in the schedule: again, or given up.
void on_retransmit(Engine& engine, IkeSa& sa);
// Answers the request in `received`, and keeps the answer.
void respond(Engine& engine, IkeSa& sa, const Received& received, const std::vector<wire::Payload>& payloads);
void respond_notify(Engine& engine, IkeSa& sa, const Received& received, wire::NotifyType type,
                    Bytes data = {});

// Queued once; sent when the window is free.
void queue_task(IkeSa& sa, Task task);
void pump(Engine& engine, IkeSa& sa);

// IKE_AUTH is done, or a rekey: the SA lives.
void establish(Engine& engine, IkeSa& sa);
enum class Children : uint8_t { Linger, Remove };
void close_sa(Engine& engine, IkeSa& sa, Children children);
void on_sa_timer(Engine& engine, IkeSa& sa, SaTimer timer);

// The old one is no longer preferred and a new one is negotiated beside it; when it stands, the old one is
// deleted.
void replace_ike_sa(Engine& engine, Connection& connection, Duration wait);
// 1-2 s after the first failure, twice as long after each further one, at most retry_cap.
Duration back_off(Engine& engine, int failures);
// Somewhere from `low` to `high` of a span: every timer that two peers could share is spread.
Duration spread(Engine& engine, Duration span, double low, double high);

}  // namespace hawser::ike
