#include "tests/sim/pair.h"

namespace hawser::sim {
namespace {

const IpAddress kAddressA = IpAddress::v4(0xc0000201);
const IpAddress kAddressB = IpAddress::v4(0xc6336402);
const IpAddress kOutsideA = IpAddress::v4(0xcb007101);
const IpAddress kOutsideB = IpAddress::v4(0xcb007102);
constexpr std::string_view kSharedKey = "a key of the simulation";

std::string spis(const ike::IkeSaView& sa) {
  return std::to_string(sa.initiator_spi.value) + "/" + std::to_string(sa.responder_spi.value);
}

void compare_pairs(std::vector<std::string>& out, const SimPeer& from, const SimPeer& to) {
  const SimPair& sender = from.plane.pairs().begin()->second;
  const SimPair& receiver = to.plane.pairs().begin()->second;
  if (sender.spec.outbound_spi != receiver.spec.inbound_spi)
    out.push_back(from.name + "'s outbound SPI is not the peer's");
  if (key_octets(sender.spec.outbound_keys) != key_octets(receiver.spec.inbound_keys))
    out.push_back(from.name + "'s outbound keys are not the peer's");
  if (sender.spec.suite.encryption != receiver.spec.suite.encryption ||
      sender.spec.suite.integrity != receiver.spec.suite.integrity)
    out.push_back("the suites differ");
  if (sender.spec.encapsulation != receiver.spec.encapsulation) out.push_back("the encapsulations differ");
  if (sender.spec.local_selectors != receiver.spec.remote_selectors)
    out.push_back(from.name + "'s local selectors are not the peer's remote ones");
  if (from.plane.outbound_pair(from.connection) != sender.spec.inbound_spi)
    out.push_back(from.name + " does not send on its pair");
}

void check_alone(std::vector<std::string>& out, const SimPeer& peer) {
  ike::ConnectionView view = peer.view();
  if (view.reason != catalog::Reason::Established)
    out.push_back(peer.name + " is not Established: " + view.message);
  if (view.ike_sas.size() != 1)
    out.push_back(peer.name + " has " + std::to_string(view.ike_sas.size()) + " IKE SAs");
  if (view.child_sas.size() != 1)
    out.push_back(peer.name + " shows " + std::to_string(view.child_sas.size()) + " Child SAs");
  if (peer.plane.pairs().size() != 1)
    out.push_back(peer.name + " has " + std::to_string(peer.plane.pairs().size()) + " pairs installed");
  if (view.child_sas.size() == 1 && !peer.plane.pairs().contains(view.child_sas[0].inbound_spi))
    out.push_back(peer.name + " shows another pair than the one installed");
}

}  // namespace

Suite suite_of(std::string_view ike_encryption, std::string_view ike_integrity, std::string_view group,
               std::string_view esp_encryption, std::string_view esp_integrity, std::string_view pfs) {
  Suite out;
  out.ike = {catalog::find_ike_encryption(ike_encryption), catalog::find_ike_integrity(ike_integrity),
             catalog::find_group(group)};
  out.child = {catalog::find_esp_encryption(esp_encryption),
               esp_integrity.empty() ? nullptr : catalog::find_esp_integrity(esp_integrity),
               catalog::find_pfs_group(pfs)};
  CHECK(out.ike.encryption && out.ike.integrity && out.ike.group && out.child.encryption);
  CHECK(out.child.encryption->aead() == (out.child.integrity == nullptr));
  CHECK((pfs == catalog::kPfsNone) == (out.child.pfs == nullptr));
  return out;
}

Suite quick_suite() { return suite_of("AES128", "SHA256", "ECP256", "GCMAES128", "", "ECP256"); }

Pair::Pair(PairOptions options)
    : own_context_(options.context != nullptr ? nullptr : crypto::Context::seeded(options.seed).value()),
      options_(options),
      sim(options.seed, options.context != nullptr ? *options.context : *own_context_),
      a(sim.add_peer("A", kAddressA, options.endpoint)),
      b(sim.add_peer("B", kAddressB, options.endpoint)) {
  sim.traffic_interval = options.traffic;
  if (options.nat_a) sim.network.put_behind_nat(kAddressA, {kOutsideA, options.forward_ports, 40000, {}});
  if (options.nat_b) sim.network.put_behind_nat(kAddressB, {kOutsideB, options.forward_ports, 50000, {}});
}

ike::PeerConfig Pair::config_a() const {
  ike::PeerConfig out;
  out.name = a.connection;
  out.local_address = kAddressA;
  out.remote_address = options_.nat_b ? kOutsideB : kAddressB;
  out.shared_key = SecretBytes(as_bytes(kSharedKey));
  out.ike_suite = options_.suite.ike;
  out.child_suite = options_.suite.child;
  return out;
}

ike::PeerConfig Pair::config_b() const {
  ike::PeerConfig out = config_a();
  out.local_address = kAddressB;
  out.remote_address = options_.nat_a ? kOutsideA : kAddressA;
  out.mode = ike::Mode::ResponderOnly;
  return out;
}

void Pair::apply(SimPeer& peer, ike::PeerConfig config, ike::Impact impact) {
  auto applied =
      sim.act(peer, [&](ike::Endpoint& e) { return e.apply(sim.now(), std::move(config), impact); });
  CHECK(applied.has_value());
}

bool Pair::establish(Duration limit) {
  apply(b, config_b());
  apply(a, config_a());
  bool up = sim.run_until([&] { return both_up(); }, limit);
  // One round trip more, so that both know that the other is up.
  sim.run_for(std::chrono::milliseconds(200));
  mark_traffic();
  return up;
}

void Pair::mark_traffic() {
  blocked_a_ = a.traffic.blocked;
  blocked_b_ = b.traffic.blocked;
  lost_a_ = a.traffic.lost.size();
  lost_b_ = b.traffic.lost.size();
}

std::vector<std::string> Pair::lost_packets() const {
  std::vector<std::string> out(a.traffic.lost.begin() + static_cast<std::ptrdiff_t>(lost_a_),
                               a.traffic.lost.end());
  out.insert(out.end(), b.traffic.lost.begin() + static_cast<std::ptrdiff_t>(lost_b_), b.traffic.lost.end());
  if (a.traffic.blocked != blocked_a_)
    out.push_back(std::to_string(a.traffic.blocked - blocked_a_) + " of A held back");
  if (b.traffic.blocked != blocked_b_)
    out.push_back(std::to_string(b.traffic.blocked - blocked_b_) + " of B held back");
  return out;
}

std::vector<std::string> Pair::at_rest() const {
  std::vector<std::string> out = sim.violations();
  check_alone(out, a);
  check_alone(out, b);
  ike::ConnectionView view_a = a.view();
  ike::ConnectionView view_b = b.view();
  if (view_a.ike_sas.size() == 1 && view_b.ike_sas.size() == 1) {
    if (spis(view_a.ike_sas[0]) != spis(view_b.ike_sas[0])) out.push_back("the IKE SAs are not the same");
    if (view_a.ike_sas[0].role == view_b.ike_sas[0].role)
      out.push_back("both have the same role in the IKE SA");
    if (view_a.ike_sas[0].suite != view_b.ike_sas[0].suite) out.push_back("the IKE suites differ");
  }
  if (a.plane.pairs().size() == 1 && b.plane.pairs().size() == 1) {
    compare_pairs(out, a, b);
    compare_pairs(out, b, a);
  }
  return out;
}

const ike::Failure* last_failure(const SimPeer& peer) {
  const ike::Failure* out = nullptr;
  for (const auto& event : peer.events)
    if (const auto* finished = std::get_if<ike::NegotiationFinished>(&event); finished && finished->failure)
      out = &*finished->failure;
  return out;
}

}  // namespace hawser::sim
