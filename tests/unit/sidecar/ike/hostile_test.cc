#include <algorithm>

#include "sidecar/ike/engine.h"
#include "sidecar/ike/exchanges/create_child_sa.h"
#include "sidecar/ike/receive.h"
#include "sidecar/ike/transitions.h"
#include "tests/unit/sidecar/ike/pair.h"

namespace hawser::ike {
namespace {

using namespace std::chrono_literals;
using wire::ExchangeType;

// A victim, and a peer that holds all the keys and says whatever it likes.
class Duel {
 public:
  explicit Duel(uint64_t seed)
      : dice(seed),
        random_(seed + 1),
        context_(*crypto::Context::seeded(seed)),
        attacker_({}, *context_, random_, dice),
        victim_jitter_(seed + 2),
        victim_random_(seed + 3),
        victim({}, *context_, victim_random_, victim_jitter_) {
    attacker_.now = now;
    connection_ = attacker_.connections.emplace("victim", std::make_unique<Connection>()).first->second.get();
    connection_->config = config(kAttacker, kVictim, Mode::Default);
    attacker_.by_remote.emplace(kVictim, connection_);
  }

  // --- stations of the victim ---
  void half_open() {
    apply(Mode::ResponderOnly);
    start_attempt(attacker_, *connection_);
    to_victim();
    from_victim();
  }
  void established_as_responder() {
    half_open();
    to_victim();
    from_victim();
  }
  void auth_sent() {
    apply(Mode::InitiatorOnly);
    from_victim();
    to_victim();
    keep_from_victim();
  }
  void established_as_initiator() {
    apply(Mode::InitiatorOnly);
    from_victim();
    to_victim();
    from_victim();
    to_victim();
  }
  void rekeying(bool ike) {
    const auto name = victim.snapshot()[0].name;
    ASSERT_TRUE(ike ? victim.rekey_ike(now, name) : victim.rekey_child(now, name));
    keep_from_victim();
  }
  void replaced() {
    IkeSa& old = sa();
    begin_rekey_ike(attacker_, old);
    to_victim();
    from_victim();
    old_ = &old;
  }

  Bytes first_request() {
    start_attempt(attacker_, *connection_);
    Bytes bytes = attacker_.transmits.back().payload;
    attacker_.transmits.clear();
    return bytes;
  }

  IkeSa& sa() { return old_ != nullptr ? *old_ : *connection_->sas.back(); }
  PeerConfig config(const IpAddress& local, const IpAddress& remote, Mode mode) {
    PeerConfig out;
    out.name = "default/peer";
    out.local_address = local;
    out.remote_address = remote;
    out.shared_key = SecretBytes(as_bytes("key"));
    out.ike_suite = ike_suite("AES128", "SHA256", "ECP256");
    out.child_suite = child_suite("AES128", "SHA256", "ECP256");
    out.mode = mode;
    return out;
  }
  void apply(Mode mode) { ASSERT_TRUE(victim.apply(now, config(kVictim, kAttacker, mode), Impact::None)); }
  size_t pick(size_t count) {
    return static_cast<size_t>(dice.between(Duration(0), Duration(count - 1)).count());
  }
  bool chance(int percent) { return pick(100) < static_cast<size_t>(percent); }

  // Sealed with the right keys and with the message id that the victim waits for.
  void say(ExchangeType exchange, bool response, const std::vector<wire::Payload>& payloads) {
    IkeSa& from = sa();
    if (!from.protection) return;
    if (!next_id_) next_id_ = from.window.next_request() - (from.request ? 1 : 0);
    const uint32_t id = response ? last_request_id_ : (*next_id_)++;
    deliver(from.protection->seal(make_header(from, exchange, response, id), payloads, random_));
  }
  void deliver(Bytes bytes) {
    victim.handle_datagram(now, {{kVictim, 500}, {kAttacker, 500}, std::move(bytes)});
  }
  // Lets all its timers run without any answer; it must neither crash nor spin.
  void wait(Duration span) {
    const TimePoint end = now + span;
    for (int steps = 0;; ++steps) {
      ASSERT_LT(steps, 2000) << "spins";
      drain();
      auto next = victim.next_timeout();
      if (!next || *next > end) break;
      now = std::max(now, *next);
      victim.handle_timeout(now);
    }
    now = end;
  }
  void drain() {
    while (victim.poll_action()) {
    }
    while (victim.poll_event()) {
    }
    while (victim.poll_transmit()) {
    }
  }
  // `wanted`: payload bits that are there whatever the dice say.
  std::vector<wire::Payload> random_payloads(uint32_t wanted);

  TimePoint now{1h};
  SeededJitter dice;
  const IpAddress kVictim = *IpAddress::parse("192.0.2.1"), kAttacker = *IpAddress::parse("198.51.100.1");

 private:
  void to_victim() {
    std::deque<Datagram> sent;
    sent.swap(attacker_.transmits);
    for (auto& d : sent) victim.handle_datagram(now, {d.remote, d.local, d.payload});
  }
  void from_victim() {
    while (auto d = victim.poll_transmit()) {
      receive(attacker_, {d->remote, d->local, d->payload});
      note(*d);
    }
  }
  void keep_from_victim() {
    while (auto d = victim.poll_transmit()) note(*d);
  }
  void note(const Datagram& datagram) {
    auto header = wire::parse_header(datagram.payload);
    if (header && !header->response) last_request_id_ = header->message_id;
  }

  crypto::SeededRandom random_;
  std::unique_ptr<crypto::Context> context_;
  Engine attacker_;
  SeededJitter victim_jitter_;
  crypto::SeededRandom victim_random_;
  Connection* connection_ = nullptr;
  IkeSa* old_ = nullptr;
  uint32_t last_request_id_ = 0;
  std::optional<uint32_t> next_id_;

 public:
  Endpoint victim;
};

std::vector<wire::Payload> Duel::random_payloads(uint32_t wanted) {
  const auto suite = child_suite("AES128", "SHA256", "ECP256");
  auto esp = make_esp_proposal(suite, sa::Spi{0x1000 + static_cast<uint32_t>(pick(1000))},
                               chance(50) ? ChildExchange::IkeAuth : ChildExchange::CreateChildSa);
  auto ike = make_ike_proposal(ike_suite("AES128", "SHA256", "ECP256"), chance(80) ? Bytes(8, 9) : Bytes());
  auto ts = [&](bool initiator) {
    wire::TsPayload out;
    out.initiator = initiator;
    if (chance(90))
      out.selectors.push_back(
          sa::TrafficSelector::of(IpPrefix::any(chance(80) ? IpVersion::V4 : IpVersion::V6)));
    return out;
  };
  auto id = [&](bool initiator) {
    wire::IdPayload out;
    out.initiator = initiator;
    out.id_type = static_cast<uint8_t>(pick(12));
    out.data = Bytes(pick(40), 0x1b);
    return out;
  };
  auto spi_octets = [&] {
    Bytes out(4);
    const auto view = victim.snapshot();
    if (!view.empty() && !view[0].child_sas.empty() && chance(80)) {
      const auto& child = view[0].child_sas[pick(view[0].child_sas.size())];
      store_be32(out.data(), (chance(80) ? child.outbound_spi : child.inbound_spi).value);
    }
    return out;
  };
  auto notify = [&](wire::NotifyType type, bool spi) {
    auto out = make_notify(type, Bytes(pick(4), 0));
    if (spi) {
      out.protocol = wire::ProtocolId::Esp;
      out.spi = spi_octets();
    }
    return out;
  };
  std::vector<wire::Payload> out;
  const int density = static_cast<int>(pick(40));
  auto has = [&](uint32_t bit) { return (wanted & bit) != 0 || chance(density); };
  const bool child = (wanted & (kTsi | kTsr)) != 0;
  if (has(kSa)) out.emplace_back(wire::SaPayload{{child != chance(10) ? esp : ike}});
  if (has(kKe)) {
    auto key_exchange = crypto::KeyExchange::generate(*context_, *catalog::find_group("ECP256"));
    auto value = (*key_exchange)->public_value();
    Bytes data(value.begin(), value.end());
    if (chance(20)) data.resize(pick(80), 1);
    out.emplace_back(wire::KePayload{static_cast<uint16_t>(chance(80) ? 19 : pick(40)), std::move(data)});
  }
  if (has(kNonce))
    out.emplace_back(wire::NoncePayload{Bytes(16 + pick(40), static_cast<uint8_t>(pick(256)))});
  if (has(kIdi)) out.emplace_back(id(true));
  if (has(kIdr)) out.emplace_back(id(false));
  if (has(kAuth)) out.emplace_back(wire::AuthPayload{static_cast<uint8_t>(pick(4)), Bytes(pick(64), 3)});
  if (has(kTsi)) out.emplace_back(ts(true));
  if (has(kTsr)) out.emplace_back(ts(false));
  if (has(kRekeySa)) out.emplace_back(notify(wire::NotifyType::RekeySa, true));
  if ((wanted & kError) != 0 || chance(density / 3))
    out.emplace_back(notify(static_cast<wire::NotifyType>(pick(60)), chance(30)));
  if (chance(density / 4)) out.emplace_back(notify(wire::NotifyType::InitialContact, false));
  if ((wanted & kDelete) != 0 || chance(density / 4))
    out.emplace_back(wire::DeletePayload{wire::ProtocolId::Esp, {sa::Spi{load_be32(spi_octets().data())}}});
  if (chance(density / 16)) out.emplace_back(wire::DeletePayload{wire::ProtocolId::Ike, {}});
  if (chance(density / 8))
    out.emplace_back(wire::UnknownPayload{static_cast<uint8_t>(49 + pick(100)), chance(50), Bytes(3)});
  return out;
}

TEST(Hostile, an_authenticated_peer_may_say_anything_in_any_state) {
  using Station = void (*)(Duel&);
  const std::vector<Station> stations = {
      [](Duel& d) { d.half_open(); },
      [](Duel& d) { d.auth_sent(); },
      [](Duel& d) { d.established_as_responder(); },
      [](Duel& d) { d.established_as_initiator(); },
      [](Duel& d) { d.established_as_initiator(), d.rekeying(false); },
      [](Duel& d) { d.established_as_responder(), d.rekeying(true); },
      [](Duel& d) { d.established_as_responder(), d.replaced(); },
      [](Duel& d) { d.established_as_responder(), d.victim.shutdown(d.now); },
  };
  uint64_t said = 0, dropped = 0;
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(seed);
    Duel duel(seed);
    stations[seed % stations.size()](duel);
    dropped -= duel.victim.dropped_datagrams();
    ASSERT_FALSE(::testing::Test::HasFatalFailure());
    for (int message = 0; message < 8; ++message) {
      const auto& row = transitions()[duel.pick(transitions().size())];
      const bool stray = duel.chance(5);
      // Mostly one payload short of a row, or with one too many.
      uint32_t wanted = row.required | (duel.chance(50) ? row.optional & ~kError : 0);
      if (duel.chance(15)) wanted &= ~(1u << duel.pick(13));
      duel.say(stray ? static_cast<ExchangeType>(38) : row.exchange, row.response,
               duel.random_payloads(wanted));
      duel.drain();
      (void)duel.victim.snapshot();
      ++said;
    }
    dropped += duel.victim.dropped_datagrams();
    duel.wait(150s);
    ASSERT_FALSE(::testing::Test::HasFatalFailure());
    // The peer is silent now: nothing that it made survives.
    for (const auto& view : duel.victim.snapshot()) {
      EXPECT_TRUE(view.ike_sas.empty());
      EXPECT_TRUE(view.child_sas.empty());
    }
  }
  // What is dropped tests nothing: a closed SA drops, as does a response that nobody waits for.
  EXPECT_GT(said - dropped, 400u);
}

TEST(Hostile, what_is_not_authenticated_changes_nothing) {
  Duel duel(5);
  duel.established_as_responder();
  duel.drain();
  const auto before = duel.victim.snapshot()[0];
  const auto timeout = duel.victim.next_timeout();
  uint64_t dropped = duel.victim.dropped_datagrams();
  for (int i = 0; i < 3000; ++i) {
    Bytes bytes(28 + duel.pick(200));
    for (auto& octet : bytes) octet = static_cast<uint8_t>(duel.pick(256));
    // Plausible: the right SPIs, exchange, flags and id over rubbish.
    store_be64(bytes.data(), before.ike_sas[0].initiator_spi.value);
    store_be64(bytes.data() + 8, before.ike_sas[0].responder_spi.value);
    bytes[16] = 46;
    bytes[17] = 0x20;
    bytes[18] = static_cast<uint8_t>(35 + duel.pick(3));
    bytes[19] = static_cast<uint8_t>(duel.pick(64));
    store_be32(bytes.data() + 20, static_cast<uint32_t>(duel.pick(3)));
    store_be32(bytes.data() + 24, static_cast<uint32_t>(bytes.size()));
    if (bytes.size() >= 32) {
      store_be16(bytes.data() + 30, static_cast<uint16_t>(bytes.size() - 28));
      bytes[29] = 0;
    }
    duel.deliver(std::move(bytes));
    EXPECT_FALSE(duel.victim.poll_transmit());
    EXPECT_FALSE(duel.victim.poll_action());
    EXPECT_FALSE(duel.victim.poll_event());
  }
  EXPECT_EQ(duel.victim.dropped_datagrams(), dropped + 3000);
  EXPECT_EQ(duel.victim.next_timeout(), timeout);
  EXPECT_EQ(duel.victim.snapshot()[0].ike_sas.size(), 1u);
}

TEST(Hostile, a_stranger_gets_no_answer) {
  Duel duel(6);
  duel.apply(Mode::ResponderOnly);
  duel.drain();
  const auto dropped = duel.victim.dropped_datagrams();
  Duel other(7);
  duel.victim.handle_datagram(
      duel.now, {{duel.kVictim, 500}, {*IpAddress::parse("203.0.113.1"), 500}, other.first_request()});
  EXPECT_EQ(duel.victim.dropped_datagrams(), dropped + 1);
  EXPECT_FALSE(duel.victim.poll_transmit());
}

// On the path, without any key: what we sent comes back as if from the peer. Answered, we would agree with
// ourselves on a tunnel that leads nowhere.
TEST(Hostile, our_own_request_sent_back_gets_no_answer) {
  Duel duel(8);
  duel.apply(Mode::Default);
  auto request = duel.victim.poll_transmit();
  ASSERT_TRUE(request);
  const auto dropped = duel.victim.dropped_datagrams();
  duel.deliver(request->payload);
  EXPECT_EQ(duel.victim.dropped_datagrams(), dropped + 1);
  EXPECT_FALSE(duel.victim.poll_transmit());
  // The control: the same from somebody else is answered.
  Duel other(9);
  duel.deliver(other.first_request());
  EXPECT_TRUE(duel.victim.poll_transmit());
}

// As much as an IKE_SA_INIT can offer: nobody has to prove anything to send it.
Bytes offer_of_everything(Duel& duel, uint64_t spi) {
  auto message = *wire::parse(duel.first_request());
  message.header.initiator_spi = sa::IkeSpi{spi};
  auto& offer = std::get<wire::SaPayload>(message.payloads.front());
  offer.proposals.clear();
  for (uint8_t number = 1; number <= 25; ++number) {
    auto& proposal = offer.proposals.emplace_back(
        make_ike_proposal({catalog::find_ike_encryption("DES3"), catalog::find_ike_integrity("SHA1"),
                           catalog::find_group("DHGroup2")},
                          {}));
    proposal.number = number;
    proposal.transforms.clear();
    for (uint16_t i = 0; i < 255; ++i)
      proposal.transforms.push_back({wire::TransformType::Encryption,
                                     static_cast<uint16_t>(1000 + number * 255 + i), std::nullopt, false});
  }
  return wire::serialize(message);
}

TEST(Hostile, what_a_status_shows_of_an_offer_is_short_and_does_not_change_with_every_packet) {
  for (const bool up : {false, true}) {
    SCOPED_TRACE(up);
    Duel duel(9);
    up ? duel.established_as_responder() : duel.apply(Mode::ResponderOnly);
    duel.drain();
    ASSERT_EQ(duel.victim.snapshot()[0].ike_sas.size(), up ? 1u : 0u);
    std::vector<TimePoint> shown;
    uint64_t told = 0, counted = 0;
    const Bytes first = offer_of_everything(duel, 1);
    // Up: for no longer than the peer's silence is borne.
    for (uint64_t spi = 1; spi <= 600; ++spi, duel.now += up ? 50ms : 100ms) {
      Bytes packet = first;
      store_be64(packet.data(), spi);
      duel.victim.handle_timeout(duel.now);
      duel.deliver(std::move(packet));
      while (auto event = duel.victim.poll_event()) {
        const auto* finished = std::get_if<NegotiationFinished>(&*event);
        if (finished == nullptr) continue;
        ++counted;
        if (!finished->unshown) ++told;
      }
      duel.drain();
      const auto failure = *duel.victim.snapshot()[0].last_failure;
      EXPECT_EQ(failure.attribute, "ikeEncryption");
      EXPECT_LT(failure.peer_offered.size(), 400u);
      EXPECT_TRUE(failure.peer_offered.ends_with(",…"));
      EXPECT_LT(failure.message.size(), 600u);
      if (shown.empty() || shown.back() != failure.time) shown.push_back(failure.time);
    }
    EXPECT_EQ(counted, 600u);
    EXPECT_LE(shown.size(), up ? 1u : 6u);
    EXPECT_LE(told, shown.size());
    if (up) {
      EXPECT_EQ(duel.victim.snapshot()[0].reason, catalog::Reason::Established);
      continue;
    }
    // The latest shows when its time has come.
    duel.wait(10s);
    EXPECT_GT(duel.victim.snapshot()[0].last_failure->time, shown.back());
  }
}

TEST(Hostile, half_open_sas_of_one_peer_are_bounded) {
  Duel duel(8);
  duel.apply(Mode::ResponderOnly);
  int answers = 0;
  for (uint64_t i = 0; i < 200; ++i) {
    Duel other(100 + i);
    duel.deliver(other.first_request());
    while (duel.victim.poll_transmit()) ++answers;
  }
  EXPECT_EQ(answers, 32);
  duel.wait(31s);
  EXPECT_FALSE(duel.victim.next_timeout());
}

}  // namespace
}  // namespace hawser::ike
