#include "tests/contract/data_plane_contract.h"

namespace hawser::dataplane {
namespace {

class RecordingHarness final : public DataPlaneHarness {
 public:
  DataPlane& plane() override { return plane_; }
  support::Ends ends() const override {
    return {{IpAddress::v4(0xc0000201), 4500}, {IpAddress::v4(0xc0000202), 4500}, sa::Encapsulation::Udp};
  }
  SocketAddress other_remote() const override { return {IpAddress::v4(0xc0000203), 4501}; }
  bool deliver(const sa::ChildSaSpec& spec, const InnerPacket& packet) override {
    return plane_.deliver(spec.inbound_spi, packet);
  }
  std::optional<support::RecordingDataPlane::Sent> send(const sa::ConnectionName& connection,
                                                        const InnerPacket& packet) override {
    return plane_.send(connection, packet);
  }

 private:
  support::RecordingDataPlane plane_{clock()};
};

}  // namespace

std::unique_ptr<DataPlaneHarness> make_recording_harness() { return std::make_unique<RecordingHarness>(); }

}  // namespace hawser::dataplane
