#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "operator/controller/decision.h"
#include "operator/sidecars/sidecar_node.h"
#include "operator/sidecars/tls_identity.h"
#include "operator/store/object_source.h"
#include "operator/store/status_sink.h"

namespace hawser::app {

// What the loop runs over: folders, or a Kubernetes cluster. Belongs to the loop's thread.
class Backend {
 public:
  enum class Duty : uint8_t {
    Wait,  // not yet: objects are not known, or another operator leads
    Act,   // passes, statuses, sidecars
    Stop,  // it acted and may never again: the process must end
  };
  virtual ~Backend() = default;

  virtual store::ObjectSource& objects() = 0;
  virtual store::StatusSink& statuses() = 0;
  // Takes in what happened and starts what is due; true when objects().snapshot() is a new one. Call after
  // each pass too.
  virtual bool poll(store::Now now) = 0;
  virtual std::optional<TimePoint> next_deadline() const = 0;
  // At this very moment: asked again just before anything is sent.
  virtual Duty duty(TimePoint now) const = 0;
  // Why it is Stop.
  virtual std::string stop_reason() const { return {}; }
  // For the sidecars (contracts, section 5). REQUIRES: duty() was Act.
  virtual uint64_t epoch() const = 0;
  // Who the sidecars are, when the cluster tells it and it is news; nullopt: no news, or the command line
  // tells it. REQUIRES: duty() was Act.
  virtual std::optional<std::vector<sidecars::SidecarNode>> take_sidecars(TimePoint now) {
    return std::nullopt;
  }
  // How to prove oneself to them.
  virtual std::shared_ptr<const sidecars::TlsSlot> identity() const { return nullptr; }
  // For people who look at the objects.
  virtual void tell(const std::vector<controller::Transition>& transitions, store::Now now) {}
  virtual std::vector<store::Notice> take_notices() = 0;
  // What it asked the API server, by method and status; 0: no answer.
  virtual std::map<std::pair<std::string, int>, uint64_t> requests() const { return {}; }
  // Why it does not know the objects; empty: it does.
  virtual std::string readiness() const = 0;
  // Lets another operator take over at once; poll() until left().
  virtual void leave(store::Now now) {}
  virtual bool left() const { return true; }
};

}  // namespace hawser::app
