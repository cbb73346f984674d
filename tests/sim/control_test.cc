#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/pair.h"

// The detectors must see what they are for: each case breaks something on purpose and expects the complaint.
namespace hawser::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(Control, WithoutGraceForTheOldPairPacketsAreLost) {
  PairOptions options{.traffic = milliseconds(2)};
  options.endpoint.delete_grace = {};
  Pair pair(options);
  ASSERT_TRUE(pair.establish()) << pair.sim.tail();
  pair.sim.network.path = {milliseconds(5), milliseconds(60), 0, 0};
  pair.sim.run_for(seconds(1));
  pair.mark_traffic();
  ASSERT_TRUE(pair.sim.act(
      pair.a, [&](ike::Endpoint& e) { return e.rekey_child(pair.sim.now(), pair.a.connection); }));
  pair.sim.run_for(seconds(5));
  EXPECT_THAT(pair.lost_packets(), Contains(HasSubstr("no inbound SA")));
}

TEST(Control, OneDroppedPacketIsMissing) {
  Pair pair({});
  ASSERT_TRUE(pair.establish()) << pair.sim.tail();
  int left = 1;
  pair.sim.network.drop = [&](const Packet& packet) { return packet.esp() != nullptr && left-- > 0; };
  pair.sim.run_for(seconds(2));
  pair.sim.traffic_interval = {};
  pair.sim.run_for(seconds(1));
  EXPECT_EQ(pair.a.traffic.sent + pair.b.traffic.sent,
            pair.a.traffic.delivered + pair.b.traffic.delivered + 1);
}

sa::ChildSaSpec spec_with_key(uint8_t octet) {
  sa::ChildSaSpec spec;
  spec.connection = "test/tunnel";
  spec.inbound_spi = sa::Spi(1000);
  spec.outbound_spi = sa::Spi(1000);
  spec.suite = quick_suite().child;
  Bytes key(spec.suite.encryption->key_material_size(), octet);
  spec.inbound_keys.encryption = SecretBytes(BytesView(key));
  key[0] ^= 1;
  spec.outbound_keys.encryption = SecretBytes(BytesView(key));
  return spec;
}

TEST(Control, KeysThatDifferAreSeen) {
  VirtualDataPlane a;
  VirtualDataPlane b;
  a.perform(sa::InstallChildSa{spec_with_key(1)});
  b.perform(sa::InstallChildSa{spec_with_key(1)});
  auto packet = a.send(TimePoint(), "test/tunnel", 1, 100);
  ASSERT_TRUE(packet);
  EXPECT_THAT(b.receive(TimePoint(), *packet->esp()), HasSubstr("keys differ"));
  EXPECT_THAT(VirtualDataPlane().receive(TimePoint(), *packet->esp()), HasSubstr("no inbound SA"));
}

TEST(Control, ActionsOnAbsentPairsAreSeen) {
  VirtualDataPlane plane;
  plane.perform(sa::RemoveChildSa{"test/tunnel", sa::Spi(1000)});
  plane.perform(sa::ActivateOutbound{"test/tunnel", sa::Spi(1000)});
  plane.perform(sa::InstallChildSa{spec_with_key(1)});
  plane.perform(sa::InstallChildSa{spec_with_key(1)});
  EXPECT_THAT(plane.violations(),
              testing::ElementsAre(HasSubstr("removed but not there"), HasSubstr("activated but"),
                                   HasSubstr("installed twice")));
}

Bytes sealed_message(uint32_t id, uint8_t octet) {
  wire::Message message;
  message.header.initiator_spi = sa::IkeSpi(1);
  message.header.responder_spi = sa::IkeSpi(2);
  message.header.exchange_type = wire::ExchangeType::Informational;
  message.header.message_id = id;
  message.payloads = {wire::EncryptedPayload{wire::PayloadType::None, Bytes(32, octet)}};
  return wire::serialize(message);
}

TEST(Control, TheAuditSeesOtherOctetsSkippedIdsAndClearText) {
  WireAudit audit;
  audit.observe("A", sealed_message(0, 1));
  audit.observe("A", sealed_message(0, 1));
  audit.observe("A", sealed_message(1, 2));
  EXPECT_THAT(audit.violations(), IsEmpty());
  audit.observe("A", sealed_message(1, 3));
  audit.observe("A", sealed_message(3, 4));
  wire::Message clear = wire::parse(sealed_message(4, 0)).value();
  clear.payloads = {wire::DeletePayload{wire::ProtocolId::Ike, {}}};
  audit.observe("A", wire::serialize(clear));
  audit.observe("A", Bytes(10));
  EXPECT_THAT(audit.violations(),
              testing::ElementsAre(HasSubstr("other octets"), HasSubstr("where id 2 is due"),
                                   HasSubstr("in clear"), HasSubstr("does not parse")));
}

TEST(Control, TwoIkeSasAreNotRest) {
  Pair pair({});
  ASSERT_TRUE(pair.establish()) << pair.sim.tail();
  ASSERT_THAT(pair.at_rest(), IsEmpty());
  pair.sim.crash_and_restart(pair.b);
  pair.apply(pair.b, pair.config_b());
  EXPECT_THAT(pair.at_rest(), Not(IsEmpty())) << "one side forgot everything";
}

}  // namespace
}  // namespace hawser::sim
