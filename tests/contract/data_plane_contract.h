#pragma once

#include <gtest/gtest.h>

#include <functional>

#include "tests/support/dataplane/child_sas.h"
#include "tests/support/dataplane/manual_clock.h"
#include "tests/support/dataplane/recording_data_plane.h"

namespace hawser::dataplane {

using support::InnerPacket;

// A data plane and a world around it: what a peer sends, what is behind the interfaces.
class DataPlaneHarness {
 public:
  virtual ~DataPlaneHarness() = default;
  virtual DataPlane& plane() = 0;
  // plane().configure(), in the network namespace it belongs to.
  virtual Result<void> configure(const TunnelSpec& tunnel) { return plane().configure(tunnel); }
  // Where Child SAs lead: `left` is this side, `right` the peer.
  virtual support::Ends ends() const = 0;
  // The peer has a second address.
  virtual SocketAddress other_remote() const = 0;
  // The peer sends `packet` on the SA whose our side is `spec`. True: it came out of the interface.
  virtual bool deliver(const sa::ChildSaSpec& spec, const InnerPacket& packet) = 0;
  // `packet` goes into the interface. What the peer got.
  virtual std::optional<support::RecordingDataPlane::Sent> send(const sa::ConnectionName& connection,
                                                                const InnerPacket& packet) = 0;
  support::ManualClock& clock() { return clock_; }

 private:
  support::ManualClock clock_;
};

struct HarnessFactory {
  const char* name;
  std::function<std::unique_ptr<DataPlaneHarness>()> make;
  friend void PrintTo(const HarnessFactory& factory, std::ostream* out) { *out << factory.name; }
};

std::unique_ptr<DataPlaneHarness> make_recording_harness();
// Real TUN, routes and sockets in a network namespace of its own; root.
std::unique_ptr<DataPlaneHarness> make_user_space_harness();
// The same plane and threads over socket pairs instead of TUN, and UDP on the loopback: for ThreadSanitizer.
std::unique_ptr<DataPlaneHarness> make_threads_only_harness();

// What every data plane must do. Instantiated over harnesses.
class DataPlaneContract : public ::testing::TestWithParam<HarnessFactory> {
 protected:
  DataPlaneContract() : harness_(GetParam().make()) {}

  DataPlane& plane() { return harness_->plane(); }
  TunnelSpec tunnel() const;
  sa::ChildSaSpec spec(uint8_t n) const;
  Result<void> install(const sa::ChildSaSpec& spec) { return plane().install(support::clone(spec)); }
  bool deliver(const sa::ChildSaSpec& spec, const InnerPacket& packet) {
    return harness_->deliver(spec, packet);
  }
  // The outbound SPI it was sent with; 0: it was not.
  uint32_t send(const InnerPacket& packet);
  std::vector<std::string> events();
  uint64_t dropped(sa::Direction direction, DropReason reason);

  std::unique_ptr<DataPlaneHarness> harness_;
};

}  // namespace hawser::dataplane
