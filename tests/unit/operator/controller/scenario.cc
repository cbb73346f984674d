#include "tests/unit/operator/controller/scenario.h"

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <sstream>
#include <stdexcept>

#include "operator/controller/decide.h"
#include "tests/support/pki/temp_dir.h"

namespace hawser::controller {
namespace {

using sidecars::LinkState;

LinkState link_state(const std::string& name) {
  if (name == "connecting") return LinkState::Connecting;
  if (name == "connected") return LinkState::Connected;
  if (name == "unreachable") return LinkState::Unreachable;
  if (name == "refused") return LinkState::Refused;
  throw std::runtime_error("no such link state: " + name);
}

std::string text_of(const YAML::Node& node, const char* key) {
  return node[key] ? node[key].as<std::string>() : "";
}

v1::ConnectionStatus make_status(const std::string& name, const YAML::Node& node) {
  v1::ConnectionStatus status;
  status.set_namespace_("default");
  status.set_name(name);
  status.set_programmed(!node["programmed"] || node["programmed"].as<bool>());
  status.set_programmed_reason(text_of(node, "programmedReason"));
  status.set_programmed_message(text_of(node, "programmedMessage"));
  status.set_established_reason(text_of(node, "established"));
  status.set_established_message(text_of(node, "message"));
  status.set_pfs_verified_reason(node["pfs"] ? text_of(node, "pfs") : "NotRequired");
  if (node["interface"]) status.mutable_negotiated()->set_interface(text_of(node, "interface"));
  if (node["ikeEncryption"])
    status.mutable_negotiated()->mutable_ike()->set_encryption(text_of(node, "ikeEncryption"));
  if (node["failure"]) {
    status.mutable_last_failure()->set_reason(text_of(node["failure"], "reason"));
    status.mutable_last_failure()->set_attribute(text_of(node["failure"], "attribute"));
  }
  return status;
}

void write_sent(const std::map<std::string, sidecars::Desired>& desired, std::ostream& out) {
  for (const auto& [sidecar, wanted] : desired) {
    out << "to " << sidecar << ":" << (wanted.entries.empty() ? " nothing" : "");
    if (wanted.hold_others) out << " (hold others)";
    out << "\n";
    for (const auto& entry : wanted.entries) {
      out << "  " << entry.namespace_ << "/" << entry.name << " ";
      if (!entry.spec) {
        out << "hold\n";
        continue;
      }
      out << "spec " << entry.revision << ": " << entry.spec->remote_address() << " "
          << entry.spec->policy().ike_encryption() << "/" << entry.spec->policy().ike_integrity() << "/"
          << entry.spec->policy().dh_group() << " dpd " << entry.spec->dpd_timeout_seconds() << "\n";
    }
  }
}

void write_status(const api::ObjectKey& key, const api::Status& status, std::ostream& out) {
  out << key.to_string() << " generation " << status.observed_generation;
  if (!status.connection_status.empty()) out << " " << status.connection_status;
  if (status.effective_policy)
    out << " policy " << status.effective_policy->source << " " << status.effective_policy->name;
  if (status.negotiated) out << " on " << status.negotiated->interface;
  if (status.last_failure)
    out << " failed by " << status.last_failure->reason << " " << status.last_failure->attribute;
  if (!status.node.empty()) out << " node " << status.node;
  out << "\n";
  for (const api::Condition& c : status.conditions) {
    out << "  " << catalog::name(c.type) << " " << api::to_string(c.status) << " " << catalog::name(c.reason)
        << " since " << c.last_transition_time.substr(14, 5);
    if (c.observed_generation != status.observed_generation)
      out << " (of generation " << c.observed_generation << ")";
    if (!c.message.empty()) out << ": " << c.message;
    out << "\n";
  }
}

}  // namespace

void Scenario::load_base(const std::string& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(examples_ + "/" + folder))
    files_[entry.path().filename()] = testing::read_file(entry.path());
  for (const auto& [name, text] : files_) manifests_.put(name, text);
}

void Scenario::change_files(const YAML::Node& step) {
  for (const auto& file : step["files"]) {
    const auto name = file.first.as<std::string>();
    if (file.second.IsNull()) {
      files_.erase(name);
      manifests_.erase(name);
    } else {
      files_[name] = file.second.as<std::string>();
      manifests_.put(name, files_[name]);
    }
  }
  for (const auto& file : step["replace"]) {
    std::string& text = files_.at(file.first.as<std::string>());
    for (const auto& pair : file.second) {
      const auto old = pair.first.as<std::string>();
      const size_t at = text.find(old);
      if (at == std::string::npos) throw std::runtime_error("nothing to replace: " + old);
      text.replace(at, old.size(), pair.second.as<std::string>());
    }
    manifests_.put(file.first.as<std::string>(), text);
  }
}

void Scenario::change_sidecars(const YAML::Node& step) {
  for (const auto& item : step["sidecars"]) {
    auto& sidecar = sidecars_[item.first.as<std::string>()];
    sidecar.name = item.first.as<std::string>();
    sidecar.state = link_state(item.second.as<std::string>());
    sidecar.since = now_.monotonic;
    sidecar.message = sidecar.state == LinkState::Unreachable ? "no such socket" : "";
    if (sidecar.state == LinkState::Refused) sidecar.message = "epoch 9 is in force";
    if (sidecar.state == LinkState::Connected) {
      sidecar.node = nodes_ ? sidecar.name : "node-of-" + sidecar.name;
      sidecar.acked.clear();
      sidecar.status_known = false;
    }
  }
  if (step["ack"]) acknowledge(step["ack"].as<std::string>());
  for (const auto& item : step["status"]) {
    auto& sidecar = sidecars_.at(item.first.as<std::string>());
    sidecar.status_known = true;
    for (const auto& connection : item.second) {
      const auto name = connection.first.as<std::string>();
      sidecar.statuses["default/" + name] = make_status(name, connection.second);
    }
  }
}

void Scenario::change_nodes(const YAML::Node& step) {
  if (step["nodes"] && !nodes_) nodes_.emplace();
  for (const auto& item : step["nodes"]) {
    const auto name = item.first.as<std::string>();
    sidecars::SidecarNode& node = (*nodes_)[name];
    const std::map<std::string, std::string> labels = node.labels;
    node = {};
    node.name = name;
    node.target = name + ":9446";
    if (item.second.IsNull()) continue;
    node.node_known = true;
    node.node_ready = !item.second["ready"] || item.second["ready"].as<bool>();
    const std::string pod = item.second["pod"] ? text_of(item.second, "pod") : "ready";
    node.pod_there = pod != "gone";
    node.pod_ready = pod == "ready";
    node.labels = labels;
    if (item.second["labels"]) node.labels = item.second["labels"].as<std::map<std::string, std::string>>();
  }
}

void Scenario::acknowledge(const std::string& code) {
  for (auto& [name, sidecar] : sidecars_) {
    if (sidecar.state != LinkState::Connected) continue;
    sidecar.acked.clear();
    for (const auto& entry : sent_[name].entries)
      sidecar.acked[entry.namespace_ + "/" + entry.name] = {
          entry.revision, code, code == "OK" ? "" : "policy.dh_group", code == "OK" ? "" : "not here"};
  }
}

void Scenario::restart() {
  memory_ = {};
  sent_.clear();
  manifests_ = {};
  for (const auto& [name, text] : files_) manifests_.put(name, text);
  for (auto& [name, sidecar] : sidecars_) {
    sidecar = {};
    sidecar.name = name;
    sidecar.since = now_.monotonic;
  }
}

void Scenario::change(const YAML::Node& step) {
  if (step["advance"]) {
    now_.monotonic += std::chrono::seconds(step["advance"].as<int>());
    now_.wall += std::chrono::seconds(step["advance"].as<int>());
  }
  change_files(step);
  if (step["restart"]) restart();
  change_nodes(step);
  change_sidecars(step);
}

std::string Scenario::decide_once() {
  Inputs inputs{manifests_.build(metadata_, now_.wall), previous_, memory_, {}};
  for (const auto& [name, sidecar] : sidecars_) inputs.sidecars.push_back(sidecar);
  if (nodes_) {
    inputs.nodes.emplace();
    for (const auto& [name, node] : *nodes_) inputs.nodes->push_back(node);
  }
  Decision decision = decide(inputs, now_);
  std::ostringstream out;
  write_sent(decision.desired, out);
  for (const auto& [key, object] : decision.statuses) {
    if (!previous_.contains(key) || previous_[key]->status != object->status)
      write_status(key, object->status, out);
    previous_[key] = object;
  }
  for (const auto& key : decision.removed) {
    out << "remove the status of " << key.to_string() << "\n";
    previous_.erase(key);
  }
  for (const auto& notice : decision.notices)
    if (notice.text.find(" on node ") != std::string::npos ||
        notice.text.find(" from node ") != std::string::npos)
      out << "says " << notice.text << "\n";
  if (decision.again_at)
    out << "look again in "
        << std::chrono::duration_cast<std::chrono::seconds>(*decision.again_at - now_.monotonic).count()
        << " s\n";
  memory_ = std::move(decision.memory);
  sent_ = std::move(decision.desired);
  return out.str();
}

std::string Scenario::play(const YAML::Node& test_case) {
  std::ostringstream out;
  for (const YAML::Node& step : test_case) {
    if (step["base"]) load_base(step["base"].as<std::string>());
    change(step);
    out << "== " << step["step"].as<std::string>() << "\n" << decide_once();
  }
  return out.str();
}

}  // namespace hawser::controller
