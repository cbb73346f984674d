#include "sidecar/agent/event_line.h"

#include <gtest/gtest.h>

namespace hawser::agent {
namespace {

using catalog::Reason;

TEST(EventLine, AStateIsInfoAndAFaultAWarning) {
  auto up = describe(ike::StateChanged{"a/b", Reason::Established, "SPI ok"});
  EXPECT_EQ(up->text, "a/b: Established: SPI ok");
  EXPECT_EQ(up->level, LogLevel::Info);
  EXPECT_EQ(describe(ike::StateChanged{"a/b", Reason::LivenessTimeout, ""})->level, LogLevel::Warning);
}

TEST(EventLine, AFailureSaysAttributeBothValuesAndNotify) {
  ike::Failure failure;
  failure.reason = Reason::IkeProposalMismatch;
  failure.attribute = "ikeEncryption";
  failure.offered = "AES256";
  failure.peer_offered = "AES128";
  failure.notify = "NO_PROPOSAL_CHOSEN";
  failure.message = "no common proposal";
  auto line = describe(
      ike::NegotiationFinished{"a/b", wire::ExchangeType::IkeSaInit, sa::Role::Responder, failure, {}});
  EXPECT_EQ(
      line->text,
      "a/b: IKE_SA_INIT as responder failed: IkeProposalMismatch, ikeEncryption ours AES256 peer's AES128, "
      "NO_PROPOSAL_CHOSEN: no common proposal");
}

TEST(EventLine, AFailureThatIsNotShownIsNoWarning) {
  ike::NegotiationFinished finished{
      "a/b", wire::ExchangeType::IkeSaInit, sa::Role::Responder, ike::Failure{}, {}};
  EXPECT_EQ(describe(finished)->level, LogLevel::Warning);
  finished.unshown = true;
  EXPECT_EQ(describe(finished)->level, LogLevel::Debug);
}

TEST(EventLine, RekeysAndHandshakesAreTold) {
  EXPECT_EQ(describe(ike::Rekeyed{"a/b", true, sa::Role::Initiator, true})->text,
            "a/b: IKE SA rekey begun by us done");
  EXPECT_EQ(describe(ike::Rekeyed{"a/b", false, sa::Role::Responder, false})->text,
            "a/b: Child SA rekey begun by the peer failed");
  EXPECT_EQ(
      describe(ike::HandshakeCompleted{"a/b", sa::Role::Initiator, std::chrono::milliseconds(42)})->text,
      "a/b: handshake as initiator took 42 ms");
}

TEST(EventLine, KeysAreNeverTold) { EXPECT_FALSE(describe(ike::IkeKeysDerived{})); }

}  // namespace
}  // namespace hawser::agent
