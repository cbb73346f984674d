#include "sidecar/metrics/collect.h"

#include <limits>

#include "sidecar/metrics/table.h"
#include "sidecar/status/labels.h"

namespace hawser::metrics {
namespace {

using prometheus::ClientMetric;
using status::ConnectionSnapshot;
using status::Snapshot;
using Labels = std::vector<ClientMetric::Label>;

constexpr std::array<std::string_view, 2> kDirections = {"inbound", "outbound"};
constexpr std::array<std::string_view, 2> kSas = {"ike", "child"};
constexpr std::array<std::string_view, 2> kInitiators = {"local", "peer"};
constexpr std::array<std::string_view, 2> kResults = {"ok", "failed"};

// The series of one family; the first two labels say whose they are.
class Series {
 public:
  Series(const MetricRow& row, std::vector<ClientMetric>& out) : row_(row), out_(out) {}
  void of(const ConnectionSnapshot& connection) {
    owner_ = {{"namespace", std::string(connection.object_namespace())},
              {"connection", std::string(connection.object_name())}};
  }
  void add(double value, Labels more = {}) {
    ClientMetric& metric = next(std::move(more));
    (row_.type == Type::Counter ? metric.counter.value : metric.gauge.value) = value;
  }
  void add(const status::Histogram& histogram) {
    auto& out = next({}).histogram;
    out.sample_count = histogram.count;
    out.sample_sum = histogram.sum;
    for (size_t i = 0; i < histogram.cumulative.size(); ++i) {
      out.bucket.push_back({histogram.cumulative[i], status::kHandshakeBounds[i]});
    }
    out.bucket.push_back({histogram.count, std::numeric_limits<double>::infinity()});
  }

 private:
  ClientMetric& next(Labels more) {
    ClientMetric& metric = out_.emplace_back();
    metric.label = owner_;
    for (auto& label : more) metric.label.push_back(std::move(label));
    return metric;
  }
  const MetricRow& row_;
  std::vector<ClientMetric>& out_;
  Labels owner_;
};

double seconds(WallTime time) { return std::chrono::duration<double>(time.time_since_epoch()).count(); }
std::string text(std::string_view view) { return std::string(view); }

void add_info(Series& out, const ConnectionSnapshot& c) {
  const auto& spec = c.configured.spec;
  const auto& policy = spec.policy();
  out.add(1, {{"remote_address", spec.remote_address()},
              {"local_address", c.configured.local_address},
              {"interface", c.configured.interface},
              {"ike_encryption", policy.ike_encryption()},
              {"ike_integrity", policy.ike_integrity()},
              {"dh_group", policy.dh_group()},
              {"ipsec_encryption", policy.ipsec_encryption()},
              {"ipsec_integrity", policy.ipsec_integrity()},
              {"pfs_group", policy.pfs_group()}});
}

void add_ike_info(Series& out, const ConnectionSnapshot& c) {
  if (c.view.ike_sas.empty()) return;
  const auto& sa = c.view.ike_sas.back();
  out.add(1, {{"encryption", text(sa.suite.encryption->name)},
              {"integrity", text(sa.suite.integrity->name)},
              {"prf", text(sa.suite.integrity->name)},
              {"dh_group", text(sa.suite.group->name)},
              {"role", text(status::kRoleLabels[status::role_index(sa.role)])},
              {"nat", ike::to_string(sa.nat)},
              {"local_endpoint", sa.local.to_string()},
              {"remote_endpoint", sa.remote.to_string()}});
}

void add_child_info(Series& out, const Snapshot& snapshot, const ConnectionSnapshot& c) {
  if (c.view.child_sas.empty()) return;
  const auto& child = c.view.child_sas.back();
  const auto* group = child.exchanged_group;
  out.add(1, {{"encryption", text(child.suite.encryption->name)},
              {"integrity", text(child.suite.integrity_name())},
              {"pfs_group", text(group != nullptr ? group->pfs_name : catalog::kPfsNone)},
              {"encapsulation", sa::to_string(child.encapsulation)},
              {"data_plane", text(dataplane::to_string(snapshot.data_plane))}});
}

void add_states(Series& out, const ConnectionSnapshot& c) {
  const auto now = static_cast<size_t>(status::state_of(c.view.reason));
  for (size_t i = 0; i < status::kStateLabels.size(); ++i)
    out.add(i == now, {{"state", text(status::kStateLabels[i])}});
}

void add_down_reasons(Series& out, const ConnectionSnapshot& c) {
  for (const auto& fault : catalog::kFaults)
    out.add(fault.reason == c.view.reason, {{"reason", text(fault.label)}});
}

void add_drops(Series& out, const ConnectionSnapshot& c) {
  const std::array counts = {&c.counters.dropped_inbound, &c.counters.dropped_outbound};
  for (size_t direction = 0; direction < kDirections.size(); ++direction) {
    for (size_t i = 0; i < dataplane::kDropReasonLabels.size(); ++i) {
      out.add(
          static_cast<double>((*counts[direction])[i]),
          {{"direction", text(kDirections[direction])}, {"reason", text(dataplane::kDropReasonLabels[i])}});
    }
  }
}

void add_negotiations(Series& out, const ConnectionSnapshot& c) {
  for (size_t e = 0; e < status::kExchangeCount; ++e) {
    for (size_t role = 0; role < status::kRoleLabels.size(); ++role) {
      for (size_t result = 0; result < status::kResultCount; ++result) {
        out.add(static_cast<double>(c.tally.negotiations[e][role][result]),
                {{"exchange", text(status::kExchanges[e].label)},
                 {"role", text(status::kRoleLabels[role])},
                 {"result", text(status::result_label(result))}});
      }
    }
  }
}

void add_rekeys(Series& out, const ConnectionSnapshot& c) {
  for (size_t sa = 0; sa < kSas.size(); ++sa) {
    for (size_t initiator = 0; initiator < kInitiators.size(); ++initiator) {
      for (size_t result = 0; result < kResults.size(); ++result) {
        out.add(static_cast<double>(c.tally.rekeys[sa][initiator][result]),
                {{"sa", text(kSas[sa])},
                 {"initiator", text(kInitiators[initiator])},
                 {"result", text(kResults[result])}});
      }
    }
  }
}

double established_at(const Snapshot& snapshot, const ConnectionSnapshot& c) {
  return c.view.ike_sas.empty() ? 0 : seconds(snapshot.anchor.wall(c.view.ike_sas.back().established));
}

void add_connection(Series& out, Metric metric, const Snapshot& snapshot, const ConnectionSnapshot& c) {
  switch (metric) {
    case Metric::ConnectionConfigured:
      return out.add(1);
    case Metric::ConnectionUp:
      return out.add(c.up());
    case Metric::ConnectionInfo:
      return add_info(out, c);
    case Metric::ConnectionState:
      return add_states(out, c);
    case Metric::ConnectionDownReason:
      return add_down_reasons(out, c);
    case Metric::IkeSas:
      return out.add(static_cast<double>(c.view.ike_sas.size()));
    case Metric::ChildSas:
      return out.add(static_cast<double>(c.view.child_sas.size()));
    case Metric::IkeSaInfo:
      return add_ike_info(out, c);
    case Metric::ChildSaInfo:
      return add_child_info(out, snapshot, c);
    case Metric::IkeSaEstablished:
      return out.add(established_at(snapshot, c));
    case Metric::ReceiveBytes:
      return out.add(static_cast<double>(c.counters.receive_bytes));
    case Metric::TransmitBytes:
      return out.add(static_cast<double>(c.counters.transmit_bytes));
    case Metric::ReceivePackets:
      return out.add(static_cast<double>(c.counters.receive_packets));
    case Metric::TransmitPackets:
      return out.add(static_cast<double>(c.counters.transmit_packets));
    case Metric::LastReceive:
      return out.add(seconds(c.counters.last_receive));
    case Metric::DroppedPackets:
      return add_drops(out, c);
    case Metric::Negotiations:
      return add_negotiations(out, c);
    case Metric::Rekeys:
      return add_rekeys(out, c);
    case Metric::IkeRetransmits:
      return out.add(static_cast<double>(c.tally.retransmits));
    case Metric::HandshakeDuration:
      return out.add(c.tally.handshakes);
    case Metric::BuildInfo:
    case Metric::kCount:
      return;
  }
}

prometheus::MetricType to_prometheus(Type type) {
  switch (type) {
    case Type::Counter:
      return prometheus::MetricType::Counter;
    case Type::Histogram:
      return prometheus::MetricType::Histogram;
    case Type::Gauge:
      break;
  }
  return prometheus::MetricType::Gauge;
}

}  // namespace

std::vector<prometheus::MetricFamily> collect(const Snapshot& snapshot) {
  std::vector<prometheus::MetricFamily> out;
  for (const auto& row : kMetrics) {
    auto& family = out.emplace_back();
    family.name = text(kPrefix) + text(row.name);
    family.help = text(row.help);
    family.type = to_prometheus(row.type);
    Series series(row, family.metric);
    if (row.metric == Metric::BuildInfo) {
      series.add(1, {{"version", snapshot.version},
                     {"data_plane", text(dataplane::to_string(snapshot.data_plane))}});
    }
    for (const auto& connection : snapshot.connections) {
      series.of(connection);
      add_connection(series, row.metric, snapshot, connection);
    }
  }
  return out;
}

}  // namespace hawser::metrics
