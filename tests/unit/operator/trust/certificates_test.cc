#include "operator/trust/certificates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/trust/authority.h"
#include "tests/unit/operator/trust/seeded_random.h"

namespace hawser::trust {
namespace {

using std::chrono::days;
using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const WallTime kNow{std::chrono::seconds(1'800'000'000)};

class Certificates : public ::testing::Test {
 protected:
  SeededRandom random_;
  Identity authority_ = *make_authority("test", kNow, random_);
};

TEST_F(Certificates, AnAuthorityIsOneForTenYears) {
  const auto facts = read_certificate(authority_.certificate);
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_TRUE(facts->authority);
  EXPECT_EQ(facts->not_before, kNow - hours(1));
  EXPECT_EQ(facts->not_after, kNow + days(3652));
  EXPECT_EQ(facts->serial.size(), 32u);
  EXPECT_TRUE(check_pair(authority_));
}

TEST_F(Certificates, ACertificateHasItsNameItsUseAndNinetyDays) {
  auto sidecar = issue(authority_, kSidecar, kNow, random_);
  ASSERT_TRUE(sidecar) << sidecar.error().message;
  const auto facts = *read_certificate(sidecar->certificate);
  EXPECT_FALSE(facts.authority);
  EXPECT_THAT(facts.dns_names, ElementsAre("sidecar.hawser.dev"));
  EXPECT_EQ(facts.not_after, kNow + days(90));
  EXPECT_TRUE(check_pair(*sidecar));
  EXPECT_TRUE(check_issued(sidecar->certificate, authority_.certificate, kSidecar));
  EXPECT_THAT(check_issued(sidecar->certificate, authority_.certificate, kOperator).error().message,
              HasSubstr("is not for operator.hawser.dev"));
  const Subject client_of_that_name{"sidecar.hawser.dev", Use::Client};
  EXPECT_THAT(check_issued(sidecar->certificate, authority_.certificate, client_of_that_name).error().message,
              HasSubstr("another use"));
}

TEST_F(Certificates, AnotherAuthorityOfTheSameNameIsAnother) {
  const Identity other = *make_authority("test", kNow, random_);
  const Identity sidecar = *issue(authority_, kSidecar, kNow, random_);
  EXPECT_THAT(check_issued(sidecar.certificate, other.certificate, kSidecar).error().message,
              HasSubstr("another authority"));
}

TEST_F(Certificates, KeysAndSerialsComeFromTheRandomAlone) {
  SeededRandom same;
  const Identity again = *make_authority("test", kNow, same);
  EXPECT_TRUE(again.key == authority_.key);
  EXPECT_EQ(read_certificate(again.certificate)->serial, read_certificate(authority_.certificate)->serial);
  const Identity next = *make_authority("test", kNow, same);
  EXPECT_FALSE(next.key == authority_.key);
  EXPECT_NE(read_certificate(next.certificate)->serial, read_certificate(authority_.certificate)->serial);
}

TEST_F(Certificates, AScalarOutsideTheGroupIsDrawnAgain) {
  // All ones is above P-256's order, zero is no key.
  struct Edges final : Random {
    void fill(MutableBytesView out) override {
      for (uint8_t& byte : out) byte = draws == 0 ? 0xff : draws == 1 ? 0 : 1;
      ++draws;
    }
    int draws = 0;
  } edges;
  const auto made = make_authority("test", kNow, edges);
  ASSERT_TRUE(made);
  EXPECT_EQ(edges.draws, 4);  // three for the key, one for the serial
  EXPECT_TRUE(check_pair(*made));
}

TEST_F(Certificates, NothingOutlivesItsAuthority) {
  const Identity late = *issue(authority_, kSidecar, kNow + days(3600), random_);
  EXPECT_EQ(read_certificate(late.certificate)->not_after, kNow + days(3652));
}

TEST_F(Certificates, DueWhenAThirdIsLeftOrBeforeItsTime) {
  const auto facts = *read_certificate(issue(authority_, kSidecar, kNow, random_)->certificate);
  EXPECT_FALSE(due(facts, kNow));
  EXPECT_FALSE(due(facts, kNow + days(59)));
  EXPECT_TRUE(due(facts, kNow + days(60)));
  EXPECT_TRUE(due(facts, kNow + days(91)));
  EXPECT_TRUE(due(facts, kNow - hours(2)));
}

TEST_F(Certificates, WhatIsNoPemIsSaidAndNotGuessed) {
  EXPECT_THAT(read_certificate("").error().message, HasSubstr("not a certificate"));
  EXPECT_THAT(read_certificate(authority_.certificate + authority_.certificate).error().message,
              HasSubstr("more than one"));
  Identity broken = authority_.clone();
  broken.key = SecretBytes(as_bytes("-----BEGIN PRIVATE KEY-----\nAA\n-----END PRIVATE KEY-----\n"));
  EXPECT_THAT(check_pair(broken).error().message, HasSubstr("not a private key"));
  broken.key = make_authority("test", kNow, random_)->key.clone();
  EXPECT_THAT(check_pair(broken).error().message, HasSubstr("not the certificate's"));
}

TEST(SystemRandom, FillsAndDoesNotRepeat) {
  SystemRandom random;
  EXPECT_NE(random.next_u64(), random.next_u64());
}

}  // namespace
}  // namespace hawser::trust
