#pragma once

#include <functional>
#include <string>

#include "sidecar/dataplane/data_plane.h"
#include "sidecar/ike/endpoint.h"

namespace hawser::agent {

// Carries the effects of the engine out into the world, and the world's answers back. Loop thread only.
class Driver {
 public:
  // What leaves the driver. `installed` says how the data plane took a Child SA; `exported` sees it before
  // (keys for captures; empty unless asked for).
  struct Outlets {
    std::function<void(const ike::Datagram&)> transmit;
    std::function<void(const ike::Event&)> event;
    std::function<void(const sa::ConnectionName&, const Result<void>&)> installed;
    std::function<void(const sa::ChildSaSpec&)> exported;
  };
  // References outlive the driver.
  Driver(ike::Endpoint& engine, dataplane::DataPlane& plane, Outlets outlets)
      : engine_(engine), plane_(plane), outlets_(std::move(outlets)) {}

  // Timers that are due, what the data plane reports, then everything the engine wants done, until nothing is
  // left. To be called after each input and each command.
  void turn(TimePoint now);

 private:
  bool drain_plane(TimePoint now);
  bool drain_engine(TimePoint now);
  void perform(TimePoint now, sa::DataPlaneAction action);

  ike::Endpoint& engine_;
  dataplane::DataPlane& plane_;
  Outlets outlets_;
};

}  // namespace hawser::agent
