#pragma once

#include "sidecar/status/snapshot.h"

namespace hawser::status {

inline TimePoint at(int64_t seconds) { return TimePoint(std::chrono::seconds(seconds)); }

inline ClockAnchor sample_anchor() {
  ClockAnchor anchor;
  anchor.update(at(0), WallTime(std::chrono::seconds(1'700'000'000)));
  return anchor;
}

inline Configured sample_configured(const std::string& name) {
  Configured out;
  out.name = name;
  out.uid = "uid-" + name;
  out.programmed = {catalog::Reason::Programmed, "interface and routes are in place"};
  out.local_address = "203.0.113.1";
  out.interface = "hwsabcdefghij";
  out.spec.set_remote_address("198.51.100.2");
  auto* policy = out.spec.mutable_policy();
  policy->set_ike_encryption("AES128");
  policy->set_ike_integrity("SHA1");
  policy->set_dh_group("DHGroup14");
  policy->set_ipsec_encryption("GCMAES256");
  policy->set_ipsec_integrity("GCMAES256");
  policy->set_pfs_group("ECP384");
  return out;
}

inline ike::ConnectionView sample_view(const std::string& name) {
  ike::ConnectionView view;
  view.name = name;
  view.reason = catalog::Reason::Established;
  view.message = "established";
  ike::IkeSaView ike;
  ike.initiator_spi = sa::IkeSpi(0x0102030405060708);
  ike.responder_spi = sa::IkeSpi(0x1112131415161718);
  ike.role = sa::Role::Responder;
  ike.suite = {catalog::find_ike_encryption("AES128"), catalog::find_ike_integrity("SHA1"),
               catalog::find_group(std::string_view("DHGroup14"))};
  ike.established = at(100);
  ike.local = {IpAddress::v4(0xcb007101), 4500};
  ike.remote = {IpAddress::v4(0xc6336402), 4500};
  ike.nat = ike::Nat::Remote;
  view.ike_sas.push_back(ike);
  ike::ChildSaView child;
  child.inbound_spi = sa::Spi(0x0000c0de);
  child.outbound_spi = sa::Spi(0xfeedface);
  child.suite = {catalog::find_esp_encryption("GCMAES256"), nullptr, catalog::find_pfs_group("ECP384")};
  child.encapsulation = sa::Encapsulation::Udp;
  child.installed = at(101);
  view.child_sas.push_back(child);
  return view;
}

inline ike::Failure sample_failure() {
  ike::Failure failure;
  failure.reason = catalog::Reason::IkeProposalMismatch;
  failure.time = at(50);
  failure.role = sa::Role::Responder;
  failure.exchange = wire::ExchangeType::IkeSaInit;
  failure.attribute = "ikeEncryption";
  failure.offered = "AES128";
  failure.peer_offered = "AES256";
  failure.notify = "NO_PROPOSAL_CHOSEN";
  failure.message = "the peer offers AES256, we want AES128";
  return failure;
}

inline Snapshot sample_snapshot(std::vector<Configured> configured, std::vector<ike::ConnectionView> views) {
  Inputs inputs;
  inputs.configured = std::move(configured);
  inputs.views = std::move(views);
  inputs.anchor = sample_anchor();
  inputs.version = "0.1.0";
  return fold(std::move(inputs));
}

}  // namespace hawser::status
