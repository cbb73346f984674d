#include "operator/cli/get_view.h"

#include <algorithm>
#include <ctime>
#include <functional>
#include <nlohmann/json.hpp>
#include <ostream>
#include <sstream>

#include "operator/api/codec.h"
#include "operator/api/text.h"

namespace hawser::cli {
namespace {

using api::Kind;
using catalog::ConditionType;
using Row = std::vector<std::string>;

constexpr const char* kUnknown = "<unknown>";

std::string join(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ",") + part;
  return out;
}

template <typename Object>
const Object* as(const View& view) {
  return view.object == nullptr ? nullptr : std::get_if<Object>(view.object);
}

const api::Condition* condition(const View& view, ConditionType type) {
  return view.record == nullptr ? nullptr : view.record->status.find(type);
}

// Empty when nobody knows.
std::string created(const View& view) {
  if (view.record != nullptr) return view.record->creation_timestamp;
  return view.object == nullptr ? "" : api::meta_of(*view.object).creation_timestamp;
}

std::string ready(const View& view) {
  const api::Condition* found = condition(view, ConditionType::Ready);
  return found == nullptr ? "Unknown" : api::to_string(found->status);
}

std::string reason(const View& view) {
  const api::Condition* found = condition(view, ConditionType::Ready);
  return found == nullptr ? "" : std::string(catalog::name(found->reason));
}

// A column: its heading and what stands under it.
struct Column {
  const char* heading;
  std::function<std::string(const View&)> cell;
  bool wide_only = false;
};

std::vector<Column> connection_columns(const SiteAddresses& sites) {
  auto spec = [](const View& view, auto read) {
    const auto* connection = as<api::Connection>(view);
    return connection == nullptr ? std::string(kUnknown) : std::string(read(*connection));
  };
  return {
      {"READY", ready},
      {"STATUS",
       [](const View& v) {
         return v.record == nullptr ? std::string("Unknown") : v.record->status.connection_status;
       }},
      {"REASON", reason},
      {"PEER",
       [spec, &sites](const View& v) {
         return spec(v, [&](const api::Connection& c) {
           auto found = sites.find(api::map_key(c.meta.namespace_, c.spec.local_network_gateway_ref));
           return found == sites.end() ? kUnknown : found->second;
         });
       }},
      {"GATEWAY",
       [spec](const View& v) {
         return spec(v, [](const auto& c) { return c.spec.virtual_network_gateway_ref; });
       },
       true},
      {"SITE",
       [spec](const View& v) {
         return spec(v, [](const auto& c) { return c.spec.local_network_gateway_ref; });
       },
       true},
      {"POLICY",
       [spec](const View& v) {
         return spec(v, [](const auto& c) { return c.spec.ipsec_policy_ref.value_or("<default>"); });
       },
       true},
      {"NODE", [](const View& v) { return v.record == nullptr ? std::string() : v.record->status.node; },
       true},
  };
}

std::vector<Column> gateway_columns() {
  auto spec = [](const View& view, auto read) {
    const auto* gateway = as<api::VirtualNetworkGateway>(view);
    return gateway == nullptr ? std::string(kUnknown) : std::string(read(gateway->spec));
  };
  return {
      {"READY", ready},
      {"REASON", reason},
      {"ADDRESS",
       [spec](const View& v) {
         return spec(v, [](const auto& s) { return s.public_ip_address.value_or("<auto>"); });
       }},
      {"SKU", [spec](const View& v) { return spec(v, [](const auto& s) { return s.sku; }); }},
      {"NETWORK",
       [spec](const View& v) { return spec(v, [](const auto& s) { return s.virtual_network_ref; }); }, true},
      {"PROFILE", [spec](const View& v) { return spec(v, [](const auto& s) { return s.profile; }); }, true}};
}

std::vector<Column> site_columns() {
  return {{"READY", ready},
          {"REASON", reason},
          {"ADDRESS",
           [](const View& v) {
             auto* o = as<api::LocalNetworkGateway>(v);
             return o ? o->spec.gateway_ip_address : kUnknown;
           }},
          {"PREFIXES",
           [](const View& v) {
             auto* o = as<api::LocalNetworkGateway>(v);
             return o ? join(o->spec.address_prefixes) : kUnknown;
           },
           true}};
}

std::vector<Column> network_columns() {
  return {{"READY", ready}, {"REASON", reason}, {"PREFIXES", [](const View& v) {
                                                   auto* o = as<api::VirtualNetwork>(v);
                                                   return o ? join(o->spec.address_prefixes) : kUnknown;
                                                 }}};
}

std::vector<Column> policy_columns() {
  auto spec = [](const View& view, auto read) {
    const auto* policy = as<api::IpsecPolicy>(view);
    return policy == nullptr ? std::string(kUnknown) : std::string(read(policy->spec));
  };
  return {{"READY", ready},
          {"REASON", reason},
          {"IKE",
           [spec](const View& v) {
             return spec(v, [](const auto& s) {
               return s.ike_encryption + "/" + s.ike_integrity + "/" + s.dh_group;
             });
           }},
          {"IPSEC",
           [spec](const View& v) {
             return spec(v, [](const auto& s) { return s.ipsec_encryption + "/" + s.ipsec_integrity; });
           }},
          {"PFS", [spec](const View& v) { return spec(v, [](const auto& s) { return s.pfs_group; }); }},
          {"WEAK",
           [](const View& v) {
             return std::string(condition(v, ConditionType::Weak) != nullptr ? "True" : "False");
           },
           true}};
}

std::vector<Column> columns_of(Kind kind, const SiteAddresses& sites) {
  switch (kind) {
    case Kind::Connection:
      return connection_columns(sites);
    case Kind::VirtualNetworkGateway:
      return gateway_columns();
    case Kind::LocalNetworkGateway:
      return site_columns();
    case Kind::VirtualNetwork:
      return network_columns();
    case Kind::IpsecPolicy:
      return policy_columns();
    case Kind::Secret:
      break;
  }
  return {};
}

// Texts of objects and peers must not steer the terminal.
std::string printable(std::string text, bool lines = false) {
  for (char& c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if ((octet < 0x20 && !(lines && c == '\n')) || octet == 0x7F) c = '?';
  }
  return text;
}

void print_rows(const std::vector<Row>& rows, std::ostream& out) {
  std::vector<size_t> widths(rows.front().size(), 0);
  for (const Row& row : rows)
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  for (const Row& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += printable(row[i]);
      if (i + 1 < row.size()) line += std::string(widths[i] + 3 - row[i].size(), ' ');
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    out << line << "\n";
  }
}

void print_suite(const api::Negotiated& n, std::ostream& out) {
  out << "\nNegotiated:\n"
      << "  IKE SA:    " << n.ike.encryption << "/" << n.ike.integrity << "/" << n.ike.dh_group << ", "
      << n.ike.role << ", since " << n.ike.established_time << ", SPIs " << n.ike.initiator_spi << " "
      << n.ike.responder_spi << "\n"
      << "  Child SA:  " << n.child.encryption << "/" << n.child.integrity << ", PFS " << n.child.pfs_group
      << ", since " << n.child.installed_time << ", SPIs in " << n.child.inbound_spi << " out "
      << n.child.outbound_spi << "\n"
      << "  Path:      " << n.local_endpoint << " - " << n.remote_endpoint << ", NAT " << n.nat
      << ", encapsulation " << n.encapsulation << ", " << n.data_plane << " on " << n.interface << "\n";
}

void print_failure(const api::LastFailure& f, std::ostream& out) {
  out << "\nLast failure:\n  " << f.time << "  " << f.reason << " as " << f.role << " in " << f.exchange
      << "\n";
  if (!f.attribute.empty())
    out << "  " << f.attribute << ": ours " << f.offered << ", the peer's " << f.peer_offered << "\n";
  if (!f.message.empty()) out << "  " << f.message << "\n";
}

}  // namespace

std::string age(const std::string& rfc3339, WallTime now) {
  tm parts{};
  const char* end = strptime(rfc3339.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (end == nullptr || *end != '\0') return kUnknown;
  const auto since =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count() - timegm(&parts);
  const int64_t s = std::max<int64_t>(since, 0);
  if (s < 120) return std::to_string(s) + "s";
  if (s < 2 * 3600) return std::to_string(s / 60) + "m";
  if (s < 2 * 86400) return std::to_string(s / 3600) + "h";
  return std::to_string(s / 86400) + "d";
}

void print_table(Kind kind, const std::vector<View>& views, const SiteAddresses& sites,
                 const TableOptions& options, WallTime now, std::ostream& out) {
  std::vector<Column> columns;
  if (options.namespaces) columns.push_back({"NAMESPACE", [](const View& v) { return v.key.namespace_; }});
  columns.push_back({"NAME", [&](const View& v) {
                       return options.kind_in_name ? api::lower(api::row(kind).name) + "." +
                                                         std::string(api::kGroup) + "/" + v.key.name
                                                   : v.key.name;
                     }});
  for (Column& column : columns_of(kind, sites))
    if (!column.wide_only || options.wide) columns.push_back(std::move(column));
  columns.push_back({"AGE", [&](const View& v) { return age(created(v), now); }});
  std::vector<Row> rows(1);
  for (const Column& column : columns) rows.front().emplace_back(column.heading);
  for (const View& view : views) {
    Row& row = rows.emplace_back();
    for (const Column& column : columns) row.push_back(column.cell(view));
  }
  print_rows(rows, out);
}

void print_detail(const View& view, std::ostream& out) {
  if (view.record == nullptr) return;
  const api::Status& status = view.record->status;
  std::vector<Row> rows = {{"CONDITION", "STATUS", "REASON", "SINCE", "MESSAGE"}};
  for (const api::Condition& c : status.conditions)
    rows.push_back({std::string(catalog::name(c.type)), api::to_string(c.status),
                    std::string(catalog::name(c.reason)), c.last_transition_time, c.message});
  out << "\n";
  print_rows(rows, out);
  std::ostringstream text;
  if (status.negotiated) print_suite(*status.negotiated, text);
  if (status.last_failure) print_failure(*status.last_failure, text);
  out << printable(text.str(), true);
}

nlohmann::ordered_json to_json(const View& view) {
  nlohmann::ordered_json json;
  json["apiVersion"] = api::kApiVersion;
  json["kind"] = api::row(view.key.kind).name;
  auto& metadata = json["metadata"];
  metadata["name"] = view.key.name;
  metadata["namespace"] = view.key.namespace_;
  if (view.record != nullptr) {
    metadata["generation"] = view.record->generation;
    metadata["creationTimestamp"] = view.record->creation_timestamp;
  } else if (!created(view).empty()) {
    metadata["generation"] = api::meta_of(*view.object).generation;
    metadata["creationTimestamp"] = created(view);
  }
  if (view.object != nullptr) json["spec"] = api::spec_to_json(*view.object);
  if (view.record != nullptr) json["status"] = api::status_to_json(view.record->status);
  return json;
}

}  // namespace hawser::cli
