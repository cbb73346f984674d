#pragma once

#include <memory>
#include <string>
#include <vector>

#include "operator/sidecars/sidecar_client.h"

namespace hawser::sidecars {

inline v1::Hello sidecar_hello(const std::vector<std::string>& held = {}) {
  v1::Hello hello;
  hello.set_version("test");
  hello.set_identity("node-a");
  for (const std::string& name : held) {
    v1::HeldConnection& connection = *hello.add_held();
    connection.set_namespace_("default");
    connection.set_name(name);
    connection.set_uid("uid-" + name);
  }
  return hello;
}

inline DesiredEntry entry(const std::string& name, SpecRevision revision,
                          const std::string& remote = "192.0.2.1") {
  auto spec = std::make_shared<v1::ConnectionSpec>();
  spec->set_remote_address(remote);
  return {"default", name, "uid-" + name, revision, spec};
}

inline DesiredEntry hold(const std::string& name) { return {"default", name, "uid-" + name, 0, nullptr}; }

inline v1::SidecarMessage status_of(const std::string& name, const std::string& established, bool full) {
  v1::SidecarMessage message;
  message.mutable_status()->set_full(full);
  v1::ConnectionStatus& connection = *message.mutable_status()->add_connections();
  connection.set_namespace_("default");
  connection.set_name(name);
  connection.set_programmed(true);
  connection.set_established_reason(established);
  return message;
}

}  // namespace hawser::sidecars
