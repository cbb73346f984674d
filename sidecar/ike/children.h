#pragma once

#include "sidecar/ike/engine.h"

namespace hawser::ike {

// A Child SA that both sides agreed on.
struct NewChild {
  sa::Spi inbound, outbound;
  sa::ChildSuite suite;
  const catalog::GroupRow* exchanged_group = nullptr;
  ChildKeymat keys;
  sa::Role exchange_role{};  // in the exchange that made it: decides whose keys are whose
  sa::TrafficSelectors local_selectors, remote_selectors;
  bool confirmed = false;
  bool confirm_by_ike = false;
  bool redundant = false;
};

ChildSa& install_child(Engine& engine, IkeSa& owner, NewChild child);
// Its Delete is through: what is still under way to us is received for delete_grace.
void linger_child(Engine& engine, Connection& connection, ChildSa& child);
void remove_child(Engine& engine, Connection& connection, sa::Spi inbound);
// The peer was heard on this pair, or told otherwise that it receives on it.
void confirm_child(ChildSa& child);
void on_child_timer(Engine& engine, Connection& connection, sa::Spi inbound, ChildTimer timer);
// Gives the connection that it touched; null when the Child SA is gone.
Connection* handle_dataplane_event(Engine& engine, const sa::DataPlaneEvent& event);

bool has_live_child(const IkeSa& sa);
// Sends on the best pair: one that the peer has, of the IKE SA that stays, the newest.
void update_outbound(Engine& engine, Connection& connection);

// What a Child SA of this connection covers (contracts, section 2).
sa::TrafficSelectors offered_selectors(const PeerConfig& config);

}  // namespace hawser::ike
