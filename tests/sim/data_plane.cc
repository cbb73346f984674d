#include "tests/sim/data_plane.h"

#include "common/base/bytes.h"

namespace hawser::sim {
namespace {

constexpr Duration kReportInterval = std::chrono::seconds(1);  // of activity (sidecar/sa/dataplane_action.h)
constexpr uint32_t kFirstFreeSpi = 256;                        // RFC 4303 2.1

std::string spi_text(sa::Spi spi) {
  Bytes octets(4);
  store_be32(octets.data(), spi.value);
  return to_hex(octets);
}

bool due(TimePoint now, std::optional<TimePoint>& last) {
  if (last && now < *last + kReportInterval) return false;
  last = now;
  return true;
}

}  // namespace

std::string suite_name(const sa::ChildSuite& suite) {
  return std::string(suite.encryption->name) + "/" + std::string(suite.integrity_name());
}

Bytes key_octets(const sa::ChildKeys& keys) {
  Bytes out;
  append(out, keys.encryption.view());
  append(out, keys.integrity.view());
  return out;
}

void VirtualDataPlane::install(sa::ChildSaSpec spec) {
  ++installs_;
  if (refuse_) {
    events_.push_back(sa::InstallFailed{spec.inbound_spi, "refused by the test"});
    return;
  }
  if (spec.inbound_spi.value < kFirstFreeSpi || spec.outbound_spi.value < kFirstFreeSpi)
    violation("reserved SPI installed: " + spi_text(spec.inbound_spi) + "/" + spi_text(spec.outbound_spi));
  if (pairs_.contains(spec.inbound_spi)) violation("installed twice: " + spi_text(spec.inbound_spi));
  if (spec.inbound_keys.encryption.size() != spec.suite.encryption->key_material_size())
    violation("encryption key of " + std::to_string(spec.inbound_keys.encryption.size()) + " octets");
  if (spec.suite.encryption->key_size() > 0 && spec.inbound_keys.encryption == spec.outbound_keys.encryption)
    violation("both directions have one key");
  sa::Spi spi = spec.inbound_spi;
  if (spec.use_outbound) outbound_[spec.connection] = spi;
  SimPair pair;
  pair.spec = std::move(spec);
  pairs_.insert_or_assign(spi, std::move(pair));
}

void VirtualDataPlane::perform(sa::DataPlaneAction action) {
  if (auto* add = std::get_if<sa::InstallChildSa>(&action)) {
    install(std::move(add->spec));
  } else if (auto* activate = std::get_if<sa::ActivateOutbound>(&action)) {
    if (!pairs_.contains(activate->inbound_spi))
      violation("activated but not there: " + spi_text(activate->inbound_spi));
    outbound_[activate->connection] = activate->inbound_spi;
  } else if (auto* remove = std::get_if<sa::RemoveChildSa>(&action)) {
    if (pairs_.erase(remove->inbound_spi) == 0 && !refuse_)
      violation("removed but not there: " + spi_text(remove->inbound_spi));
    auto sending = outbound_.find(remove->connection);
    if (sending != outbound_.end() && sending->second == remove->inbound_spi) outbound_.erase(sending);
  } else if (auto* update = std::get_if<sa::UpdateEndpoint>(&action)) {
    auto found = pairs_.find(update->inbound_spi);
    if (found == pairs_.end())
      return violation("endpoint of an absent pair: " + spi_text(update->inbound_spi));
    found->second.spec.local = update->local;
    found->second.spec.remote = update->remote;
  }
}

void VirtualDataPlane::count(TimePoint now, SimPair& pair, uint64_t& counter, size_t octets) {
  counter += octets;
  if (counter >= pair.spec.soft_bytes && !pair.soft_reported) {
    pair.soft_reported = true;
    events_.push_back(sa::SoftLifetimeReached{pair.spec.inbound_spi});
  }
  if (counter >= pair.spec.hard_bytes && !pair.hard_reported) {
    pair.hard_reported = true;
    events_.push_back(sa::HardLifetimeReached{pair.spec.inbound_spi});
  }
}

std::optional<Packet> VirtualDataPlane::send(TimePoint now, const sa::ConnectionName& connection,
                                             uint64_t number, size_t octets) {
  auto current = outbound_pair(connection);
  if (!current) return std::nullopt;
  SimPair& pair = pairs_.at(*current);
  if (pair.outbound_octets >= pair.spec.hard_bytes) return std::nullopt;
  count(now, pair, pair.outbound_octets, octets);
  if (due(now, pair.outbound_reported)) events_.push_back(sa::OutboundActivity{*current});
  Packet out{pair.spec.local, pair.spec.remote, {}};
  out.content = EspPacket{pair.spec.outbound_spi,
                          pair.spec.encapsulation,
                          suite_name(pair.spec.suite),
                          key_octets(pair.spec.outbound_keys),
                          number,
                          octets};
  return out;
}

std::string VirtualDataPlane::receive(TimePoint now, const EspPacket& packet) {
  auto found = pairs_.find(packet.spi);
  if (found == pairs_.end()) return "no inbound SA for " + spi_text(packet.spi);
  SimPair& pair = found->second;
  if (suite_name(pair.spec.suite) != packet.suite) return "suite " + packet.suite + " at an SA of another";
  if (key_octets(pair.spec.inbound_keys) != packet.keys) return "keys differ for " + spi_text(packet.spi);
  if (pair.spec.encapsulation != packet.encapsulation) return "the two sides encapsulate differently";
  if (pair.inbound_octets >= pair.spec.hard_bytes) return "hard limit of octets";
  count(now, pair, pair.inbound_octets, packet.inner_octets);
  if (!pair.first_inbound_reported) {
    pair.first_inbound_reported = true;
    events_.push_back(sa::FirstInboundPacket{packet.spi});
  }
  if (due(now, pair.inbound_reported)) events_.push_back(sa::InboundActivity{packet.spi});
  return "";
}

std::optional<sa::DataPlaneEvent> VirtualDataPlane::poll_event() {
  if (events_.empty()) return std::nullopt;
  sa::DataPlaneEvent out = std::move(events_.front());
  events_.pop_front();
  return out;
}

std::optional<sa::Spi> VirtualDataPlane::outbound_pair(const sa::ConnectionName& connection) const {
  auto found = outbound_.find(connection);
  if (found == outbound_.end()) return std::nullopt;
  return found->second;
}

}  // namespace hawser::sim
