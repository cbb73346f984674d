#include "sidecar/agent/reconciler.h"

#include <algorithm>
#include <utility>

#include "common/spec/check.h"
#include "common/spec/wipe.h"
#include "sidecar/agent/spec_config.h"
#include "sidecar/dataplane/node/interface_name.h"

namespace hawser::agent {
namespace {

sa::ConnectionName name_of(const v1::DesiredState::Entry& entry) {
  return entry.namespace_() + "/" + entry.name();
}

std::string outer_addresses(const v1::ConnectionSpec& spec) {
  return spec.local_address() + " " + spec.remote_address();
}

ike::Impact to_ike(spec::Impact impact) {
  switch (impact) {
    case spec::Impact::None:
    case spec::Impact::InPlace:
      return ike::Impact::None;
    case spec::Impact::RekeyChild:
      return ike::Impact::RekeyChild;
    case spec::Impact::ReplaceIkeSa:
      return ike::Impact::ReplaceIkeSa;
    case spec::Impact::Recreate:
      return ike::Impact::Recreate;
  }
  return ike::Impact::Recreate;
}

std::string join(const std::vector<spec::FieldError>& errors) {
  std::string out;
  for (const auto& error : errors) out += (out.empty() ? "" : "; ") + error.field_path + " " + error.message;
  return out;
}

bool kind_differs(v1::DataPlaneKind wanted, dataplane::Kind have) {
  return (wanted == v1::DATA_PLANE_KIND_KERNEL && have != dataplane::Kind::Kernel) ||
         (wanted == v1::DATA_PLANE_KIND_USER_SPACE && have != dataplane::Kind::UserSpace);
}

bool overlap(const dataplane::TunnelSpec& a, const dataplane::TunnelSpec& b) {
  return std::ranges::any_of(a.remote_prefixes, [&](const IpPrefix& prefix) {
    return std::ranges::any_of(b.remote_prefixes,
                               [&](const IpPrefix& other) { return prefix.overlaps(other); });
  });
}

void fill(v1::Ack::Entry& out, const v1::DesiredState::Entry& entry) {
  out.set_namespace_(entry.namespace_());
  out.set_name(entry.name());
}

}  // namespace

// Who has which pair of outer addresses once the state is in force. Who has it already keeps it; else the
// first one.
Reconciler::Claims Reconciler::claims(const v1::DesiredState& desired) const {
  Claims out;
  for (const auto& entry : desired.entries()) {
    const auto known = connections_.find(name_of(entry));
    const bool in_force = known != connections_.end() && known->second.has_spec;
    const bool good = entry.has_spec() && spec::check(entry.spec()).empty();
    if (!good && !in_force) continue;
    const auto addresses = outer_addresses(good ? entry.spec() : known->second.spec);
    const bool keeps = in_force && outer_addresses(known->second.spec) == addresses;
    if (keeps) {
      out[addresses] = name_of(entry);
    } else {
      out.try_emplace(addresses, name_of(entry));
    }
  }
  return out;
}

Reconciler::Verdict Reconciler::judge(const v1::DesiredState::Entry& entry, const Claims& claims) const {
  if (!spec::usable_name(entry.namespace_()) || !spec::usable_name(entry.name())) {
    return {"INVALID_ARGUMENT", "name", "namespace and name must be 1..253 characters a-z, 0-9, '-' or '.'"};
  }
  if (entry.has_hold()) return {};
  if (!entry.has_spec()) return {"INVALID_ARGUMENT", "", "the entry has neither spec nor hold"};
  const auto errors = spec::check(entry.spec());
  if (!errors.empty()) return {"INVALID_ARGUMENT", errors.front().field_path, join(errors)};
  const auto kind = parts_.plane.capabilities().kind;
  if (kind_differs(entry.spec().data_plane(), kind)) {
    return {"UNSUPPORTED", "data_plane",
            "data_plane " + v1::DataPlaneKind_Name(entry.spec().data_plane()) +
                " is not there: this sidecar runs " + std::string(dataplane::to_string(kind)) +
                "; allowed: Auto, " + std::string(dataplane::to_string(kind))};
  }
  const auto owner = claims.find(outer_addresses(entry.spec()));
  if (owner != claims.end() && owner->second != name_of(entry)) {
    return {"INVALID_ARGUMENT", "remote_address",
            "remote_address '" + entry.spec().remote_address() + "' already belongs to connection '" +
                owner->second + "'; a peer is known by its address, so each connection needs its own"};
  }
  return {};
}

void Reconciler::take(const v1::DesiredState::Entry& entry) {
  Connection& connection = connections_[name_of(entry)];
  parts_.ledger.open(name_of(entry));
  connection.uid = entry.uid();
  connection.rejected.clear();
  v1::ConnectionSpec after = entry.spec();
  SecretBytes key(as_bytes(after.shared_key()));
  auto& copy = *after.mutable_shared_key();
  wipe({reinterpret_cast<uint8_t*>(copy.data()), copy.size()});
  spec::Impact impact = spec::Impact::ReplaceIkeSa;
  if (connection.has_spec) {
    // The table sees only whether the keys differ.
    connection.spec.set_shared_key("same");
    after.set_shared_key(key == connection.key ? "same" : "another");
    impact = spec::diff(connection.spec, after);
  }
  after.clear_shared_key();
  connection.spec = std::move(after);
  connection.key = std::move(key);
  connection.has_spec = true;
  if (impact != spec::Impact::None)
    connection.pending = std::max(impact, connection.pending.value_or(impact));
}

v1::Ack Reconciler::apply(TimePoint now, v1::DesiredState& desired) {
  v1::Ack ack;
  ack.set_generation(desired.generation());
  end_replaced(now, desired);
  const Claims owners = claims(desired);
  std::set<sa::ConnectionName> present;
  order_.clear();
  bool whole = true;
  for (const auto& entry : desired.entries()) {
    const auto name = name_of(entry);
    Verdict verdict = judge(entry, owners);
    if (present.insert(name).second)
      order_.push_back(name);
    else
      verdict = {"INVALID_ARGUMENT", "name", "the connection is listed twice"};
    auto& out = *ack.add_entries();
    fill(out, entry);
    out.set_code(verdict.code);
    out.set_field_path(verdict.field_path);
    out.set_message(verdict.message);
    whole = whole && entry.has_spec();
    if (verdict.ok() && entry.has_spec()) {
      take(entry);
    } else if (!verdict.ok() && spec::usable_name(entry.namespace_()) && spec::usable_name(entry.name())) {
      connections_[name].uid = entry.uid();
      connections_[name].rejected = verdict.message;
      parts_.ledger.open(name);
    }
  }
  spec::wipe_keys(desired);
  remove_absent(now, present);
  for (auto& [name, connection] : connections_)
    if (!connection.has_spec) remove_tunnel(name, connection, false);
  // Whatever gives up its addresses does so before somebody else takes them.
  for (auto& [name, connection] : connections_) {
    if (connection.pending == spec::Impact::Recreate) withdraw(now, name, connection);
  }
  whole_state_seen_ = whole_state_seen_ || whole;
  realize_all(now);
  for (auto& entry : *ack.mutable_entries()) {
    const auto found = connections_.find(entry.namespace_() + "/" + entry.name());
    if (entry.code() != "OK" || found == connections_.end() || found->second.tunnel_failed.empty()) continue;
    entry.set_code("INTERNAL");
    entry.set_message(found->second.tunnel_failed);
  }
  return ack;
}

void Reconciler::remove_absent(TimePoint now, const std::set<sa::ConnectionName>& present) {
  for (auto it = connections_.begin(); it != connections_.end();) {
    if (present.contains(it->first)) {
      ++it;
      continue;
    }
    withdraw(now, it->first, it->second);
    remove_tunnel(it->first, it->second, false);
    parts_.ledger.close(it->first);
    it = connections_.erase(it);
  }
}

// A connection that was deleted and made again is another one: nothing of the old one may go on under its
// name, least of all its key. The interface and the fail-closed routes wait for the new spec, if it comes.
void Reconciler::end_replaced(TimePoint now, const v1::DesiredState& desired) {
  std::set<sa::ConnectionName> seen;
  for (const auto& entry : desired.entries()) {
    const auto name = name_of(entry);
    const auto known = connections_.find(name);
    if (!seen.insert(name).second || known == connections_.end()) continue;
    Connection& old = known->second;
    if (entry.uid().empty() || old.uid.empty() || entry.uid() == old.uid) continue;
    withdraw(now, name, old);
    if (!entry.has_spec()) {
      remove_tunnel(name, old, false);
      parts_.ledger.close(name);
      connections_.erase(known);
      continue;
    }
    Connection fresh;
    fresh.uid = entry.uid();
    fresh.tunnel = std::move(old.tunnel);
    fresh.touched = old.touched;
    fresh.tunnel_failed = std::move(old.tunnel_failed);  // what a failed edit left is not `tunnel`
    old = std::move(fresh);
  }
}

// Also of a tunnel that never opened: its fail-closed routes came first.
void Reconciler::remove_tunnel(const sa::ConnectionName& name, Connection& connection,
                               bool keep_fail_closed) {
  if (!std::exchange(connection.touched, false)) return;
  parts_.plane.unconfigure(name, keep_fail_closed);
  connection.tunnel.reset();
}

void Reconciler::withdraw(TimePoint now, const sa::ConnectionName& name, Connection& connection) {
  if (!connection.source) return;
  parts_.engine.remove(now, name);
  parts_.drain(now);
  connection.source.reset();
}

void Reconciler::realize_all(TimePoint now) {
  const auto in_order = [&](bool failed_only) {
    for (const auto& name : order_) {
      const auto found = connections_.find(name);
      if (found == connections_.end()) continue;  // `hold` of one that was never here
      if (failed_only && found->second.tunnel_failed.empty()) continue;
      realize(now, found->first, found->second);
    }
  };
  in_order(false);
  // A prefix that moves between two connections is free only once its old owner is through.
  in_order(true);
  if (end_deadlocks(now)) in_order(true);
  remove_leftovers();
}

// The connections that swap prefixes: each waits for what another of them carries and will give up. Only
// those that nothing else stands in the way of, so that all of them come up once they are taken down.
Reconciler::Tunnels Reconciler::deadlocked() const {
  Tunnels wanted, out;
  for (const auto& [name, connection] : connections_) {
    if (!connection.has_spec) continue;
    wanted.emplace(name, to_tunnel(name, connection.spec));
    if (connection.blocked && connection.tunnel) out.emplace(name, wanted.at(name));
  }
  const auto stays = [&](const Tunnels::value_type& one) {
    const auto& [name, wants] = one;
    bool waits = false, is_waited_for = false;
    for (const auto& [other_name, other_wants] : wanted) {
      if (other_name == name) continue;
      if (overlap(other_wants, wants)) return false;
      const auto& carried = connections_.at(other_name).tunnel;
      const bool waits_here = carried && overlap(*carried, wants);
      if (waits_here && !out.contains(other_name)) return false;
      waits = waits || waits_here;
      is_waited_for =
          is_waited_for || (out.contains(other_name) && overlap(other_wants, *connections_.at(name).tunnel));
    }
    return waits && is_waited_for;
  };
  while (std::erase_if(out, [&](const auto& one) { return !stays(one); }) > 0) {
  }
  return out;
}

// Their fail-closed routes stay, so nothing leaves in clear until the new tunnels stand.
bool Reconciler::end_deadlocks(TimePoint now) {
  if (std::ranges::none_of(connections_, [](const auto& one) { return one.second.blocked; })) return false;
  const Tunnels swapping = deadlocked();
  for (const auto& [name, wants] : swapping) {
    Connection& connection = connections_.at(name);
    withdraw(now, name, connection);
    remove_tunnel(name, connection, true);
    connection.pending = spec::Impact::Recreate;
    leftovers_removed_ = false;  // should nobody take over one of the routes
  }
  return !swapping.empty();
}

// With such a prefix the node's own network would be led into the tunnel, and with it, it may be, the way by
// which the operator says that the connection is to go.
Result<void> Reconciler::check_own_addresses(const dataplane::TunnelSpec& tunnel) const {
  for (const IpPrefix& prefix : tunnel.remote_prefixes) {
    if (const auto own = parts_.sources.inside(prefix))
      return Error{
          ErrorCode::InvalidArgument,
          "the site's prefix " + prefix.to_string() + " has " + own->to_string() +
              ", an address of this node, in it: the node's own network would be led into the tunnel; "
              "leave it out of the local network gateway's spec.addressPrefixes"};
  }
  return {};
}

bool Reconciler::configure_tunnel(const sa::ConnectionName& name, Connection& connection) {
  auto tunnel = to_tunnel(name, connection.spec);
  if (connection.tunnel == tunnel && connection.tunnel_failed.empty()) return true;
  auto result = check_own_addresses(tunnel);
  if (result) {
    connection.touched = true;
    result = parts_.plane.configure(tunnel);
  }
  connection.tunnel_failed = result ? std::string() : result.error().message;
  connection.blocked = !result && result.error().code == ErrorCode::AlreadyExists;
  if (!result) return connection.tunnel.has_value();  // the previous one still carries packets
  connection.tunnel = std::move(tunnel);
  return true;
}

void Reconciler::realize(TimePoint now, const sa::ConnectionName& name, Connection& connection) {
  if (!connection.has_spec || !configure_tunnel(name, connection) || !connection.pending) return;
  auto source = choose_source(connection);
  if (!source) {
    connection.waiting = source.error().message;
    return;
  }
  auto config = to_peer_config(name, connection.spec, connection.key, *source);
  auto result = parts_.engine.apply(now, std::move(config), to_ike(*connection.pending));
  if (!result) {
    connection.waiting = result.error().message;
    return;
  }
  connection.waiting.clear();
  connection.source = *source;
  connection.pending.reset();
}

Result<IpAddress> Reconciler::choose_source(const Connection& connection) const {
  if (!connection.spec.local_address().empty()) {
    ASSIGN_OR_RETURN(auto wanted, IpAddress::parse(connection.spec.local_address()));
    if (parts_.sources.is_local(wanted)) return wanted;
  }
  // A route that changes its mind does not move a tunnel, as long as the address is still ours.
  if (connection.source && parts_.sources.is_local(*connection.source)) return *connection.source;
  ASSIGN_OR_RETURN(auto remote, IpAddress::parse(connection.spec.remote_address()));
  return parts_.sources.toward(remote);
}

void Reconciler::refresh(TimePoint now) {
  for (auto& [name, connection] : connections_) {
    if (!connection.source) continue;
    auto source = choose_source(connection);
    if (!source || *source == *connection.source) continue;
    withdraw(now, name, connection);
    connection.pending = spec::Impact::Recreate;
  }
  realize_all(now);
}

void Reconciler::remove_leftovers() {
  if (leftovers_removed_ || !whole_state_seen_) return;
  const bool complete = std::ranges::all_of(connections_, [](const auto& entry) {
    return entry.second.tunnel.has_value() && entry.second.rejected.empty();
  });
  if (complete) leftovers_removed_ = parts_.plane.remove_leftovers().has_value();
}

void Reconciler::note_install(const sa::ConnectionName& connection, const Result<void>& result) {
  const auto found = connections_.find(connection);
  if (found == connections_.end()) return;
  found->second.install_failed =
      result ? std::string() : "a Child SA was not installed: " + result.error().message;
}

void Reconciler::release_all() {
  for (auto& [name, connection] : connections_) {
    remove_tunnel(name, connection, true);
  }
}

std::vector<status::Configured> Reconciler::configured() const {
  using catalog::Reason;
  std::vector<status::Configured> out;
  for (const auto& [name, connection] : connections_) {
    status::Configured item;
    item.name = name;
    item.uid = connection.uid;
    item.spec = connection.spec;
    item.interface = dataplane::interface_name(name);
    if (connection.source) item.local_address = connection.source->to_string();
    if (!connection.rejected.empty()) {
      item.programmed = {Reason::SidecarRejected, connection.rejected};
    } else if (!connection.tunnel_failed.empty()) {
      item.programmed = {Reason::InstallFailed, connection.tunnel_failed};
    } else if (!connection.install_failed.empty()) {
      item.programmed = {Reason::InstallFailed, connection.install_failed};
    } else if (!connection.waiting.empty() || connection.pending) {
      item.programmed = {Reason::Pending, connection.waiting};
    } else {
      item.programmed = {Reason::Programmed, "interface " + item.interface + " and its routes are in place"};
    }
    out.push_back(std::move(item));
  }
  return out;
}

std::vector<v1::HeldConnection> Reconciler::held() const {
  std::vector<v1::HeldConnection> out;
  for (const auto& [name, connection] : connections_) {
    if (!connection.has_spec) continue;
    v1::HeldConnection held;
    const size_t slash = name.find('/');
    held.set_namespace_(name.substr(0, slash));
    held.set_name(name.substr(slash + 1));
    held.set_uid(connection.uid);
    out.push_back(std::move(held));
  }
  return out;
}

}  // namespace hawser::agent
