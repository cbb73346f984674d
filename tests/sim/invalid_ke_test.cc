#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/pair.h"

// Unprotected answers to IKE_SA_INIT. Anybody can forge them, so they explain a failure and never decide it
// (RFC 7296 2.21.1).
namespace hawser::sim {
namespace {

using catalog::Reason;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::IsEmpty;

// Answers each of A's IKE_SA_INIT requests with one notify, as from B.
void forge(Pair& pair, wire::NotifyType type, Bytes data) {
  pair.sim.network.drop = [&pair, type, data](const Packet& packet) {
    if (packet.ike() == nullptr || packet.from.address != pair.a.address) return false;
    auto request = wire::parse_header(*packet.ike());
    if (!request || request->exchange_type != wire::ExchangeType::IkeSaInit) return false;
    wire::Message answer;
    answer.header = *request;
    answer.header.initiator = false;
    answer.header.response = true;
    answer.payloads = {wire::NotifyPayload{wire::ProtocolId::None, type, {}, data}};
    pair.sim.network.send(pair.sim.now(), {packet.to, packet.from, wire::serialize(answer)});
    return false;
  };
}

TEST(UnprotectedError, InvalidKeNamesTheGroupThePeerWants) {
  Pair pair({});
  pair.b.present = false;
  forge(pair, wire::NotifyType::InvalidKePayload, {0, 20});
  pair.apply(pair.a, pair.config_a());
  pair.sim.run_for(seconds(60));
  EXPECT_EQ(pair.a.view().reason, Reason::IkeProposalMismatch) << pair.a.view().message;
  auto failure = pair.a.view().last_failure;
  ASSERT_TRUE(failure) << pair.sim.tail();
  EXPECT_EQ(failure->attribute, "dhGroup");
  EXPECT_EQ(failure->offered, "ECP256");
  EXPECT_EQ(failure->peer_offered, "ECP384");
  EXPECT_EQ(failure->notify, "INVALID_KE_PAYLOAD");
  EXPECT_THAT(pair.sim.violations(), IsEmpty()) << pair.sim.tail();
}

TEST(UnprotectedError, DoesNotKeepTheTrueAnswerOut) {
  for (auto [type, data] : {std::pair(wire::NotifyType::NoProposalChosen, Bytes()),
                            std::pair(wire::NotifyType::InvalidKePayload, Bytes{0, 20}),
                            std::pair(wire::NotifyType::InvalidKePayload, Bytes{0, 19}),
                            std::pair(wire::NotifyType::InvalidKePayload, Bytes{}),
                            std::pair(wire::NotifyType::AuthenticationFailed, Bytes()),
                            std::pair(wire::NotifyType::InvalidSyntax, Bytes()),
                            std::pair(wire::NotifyType::InvalidMajorVersion, Bytes())}) {
    Pair pair({});
    pair.sim.network.path = {milliseconds(5), milliseconds(15), 0, 0};
    forge(pair, type, data);
    EXPECT_TRUE(pair.establish(seconds(10))) << wire::to_string(type) << "\n" << pair.sim.tail();
    pair.sim.settle(seconds(60));
    EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
  }
}

TEST(UnprotectedError, OnAnEstablishedSaChangesNothing) {
  Pair pair({});
  ASSERT_TRUE(pair.establish()) << pair.sim.tail();
  auto sa = pair.a.view().ike_sas[0];
  for (auto type : {wire::NotifyType::InvalidIkeSpi, wire::NotifyType::InvalidSyntax,
                    wire::NotifyType::AuthenticationFailed, wire::NotifyType::InvalidSpi}) {
    wire::Message forged;
    forged.header.initiator_spi = sa.initiator_spi;
    forged.header.responder_spi = sa.responder_spi;
    forged.header.exchange_type = wire::ExchangeType::Informational;
    forged.header.response = true;
    forged.payloads = {wire::NotifyPayload{wire::ProtocolId::None, type, {}, {}}};
    for (uint32_t id = 0; id < 4; ++id) {
      forged.header.message_id = id;
      pair.sim.network.send(pair.sim.now(), {sa.remote, {pair.a.address, kIkePort}, wire::serialize(forged)});
    }
  }
  pair.sim.run_for(seconds(60));
  EXPECT_EQ(pair.a.view().ike_sas[0].initiator_spi, sa.initiator_spi) << pair.sim.tail();
  EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
  EXPECT_THAT(pair.lost_packets(), IsEmpty()) << pair.sim.tail();
}

}  // namespace
}  // namespace hawser::sim
