#include "operator/trust/authority.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/operator/trust/seeded_random.h"

namespace hawser::trust {
namespace {

using std::chrono::days;
using std::chrono::hours;
using ::testing::HasSubstr;

const WallTime kStart{std::chrono::seconds(1'800'000'000)};

class Authority : public ::testing::Test {
 protected:
  bool advance_at(WallTime now) {
    auto changed = advance(state_, now, random_);
    EXPECT_TRUE(changed) << changed.error().message;
    return changed && *changed;
  }
  SeededRandom random_;
  std::optional<AuthorityState> state_;
};

TEST_F(Authority, IsMadeOnceAndThenLeftAlone) {
  EXPECT_TRUE(advance_at(kStart));
  const std::string first = state_->current.certificate;
  EXPECT_FALSE(advance_at(kStart + days(1000)));
  EXPECT_EQ(state_->current.certificate, first);
  EXPECT_EQ(bundle(*state_), first);
}

TEST_F(Authority, TheNextIsTrustedADayBeforeItIssuesAndThePreviousUntilAllItIssuedHasEnded) {
  advance_at(kStart);
  const std::string first = state_->current.certificate;
  const WallTime change = kStart + days(2600);
  ASSERT_TRUE(advance_at(change));
  const std::string second = state_->next->certificate;
  EXPECT_EQ(state_->current.certificate, first);
  EXPECT_EQ(bundle(*state_), first + second);

  EXPECT_FALSE(advance_at(change + hours(23)));
  ASSERT_TRUE(advance_at(change + hours(24)));
  EXPECT_EQ(state_->current.certificate, second);
  EXPECT_FALSE(state_->next);
  EXPECT_EQ(bundle(*state_), second + first);

  EXPECT_FALSE(advance_at(change + days(90)));
  ASSERT_TRUE(advance_at(change + days(91)));
  EXPECT_EQ(bundle(*state_), second);
  EXPECT_FALSE(advance_at(change + days(92)));
}

TEST_F(Authority, OneThatRanOutIsReplacedWithoutWaiting) {
  advance_at(kStart);
  const WallTime late = kStart + days(4000);
  const std::string first = state_->current.certificate;
  ASSERT_TRUE(advance_at(late));
  EXPECT_NE(state_->current.certificate, first);
  EXPECT_EQ(read_certificate(state_->current.certificate)->not_before, late - kBackdate);
  EXPECT_EQ(state_->previous, first);
  EXPECT_FALSE(advance_at(late));
}

TEST_F(Authority, OneOfAClockThatWasAheadIsReplacedWithoutWaiting) {
  advance_at(kStart + days(30));
  const std::string ahead = state_->current.certificate;
  ASSERT_TRUE(advance_at(kStart));
  EXPECT_NE(state_->current.certificate, ahead);
  EXPECT_EQ(read_certificate(state_->current.certificate)->not_before, kStart - kBackdate);
  // What it issued is believed until its owners have new ones, and what is issued now counts now.
  EXPECT_EQ(state_->previous, ahead);
  EXPECT_TRUE(renew(*state_, std::nullopt, kSidecar, kStart, random_).value());
  EXPECT_FALSE(advance_at(kStart));
  // Clocks differ a little: that is no reason.
  EXPECT_FALSE(advance_at(kStart - std::chrono::minutes(59)));
}

TEST_F(Authority, ANextOneOfAClockThatWasAheadIsMadeAgain) {
  advance_at(kStart);
  const std::string first = state_->current.certificate;
  ASSERT_TRUE(advance_at(kStart + days(2700)));
  const std::string ahead = state_->next->certificate;
  const WallTime now = kStart + days(2600);
  ASSERT_TRUE(advance_at(now));
  EXPECT_EQ(state_->current.certificate, first);
  EXPECT_NE(state_->next->certificate, ahead);
  EXPECT_FALSE(advance_at(now + hours(23)));
  EXPECT_TRUE(advance_at(now + hours(24)));
}

TEST_F(Authority, WhatStandsThereAndIsNoneIsLeftAlone) {
  advance_at(kStart);
  const Identity leaf = *issue(state_->current, kSidecar, kStart, random_);
  std::optional<AuthorityState> odd = AuthorityState{leaf.clone(), std::nullopt, std::nullopt};
  EXPECT_THAT(advance(odd, kStart, random_).error().message, HasSubstr("tls.crt is not a certificate auth"));
  odd->current.certificate = "garbage";
  EXPECT_THAT(advance(odd, kStart, random_).error().message,
              HasSubstr("tls.crt is not a certificate in PEM"));
  EXPECT_EQ(odd->current.certificate, "garbage");
}

TEST_F(Authority, RenewsWhatCannotBeUsed) {
  advance_at(kStart);
  auto fresh = renew(*state_, std::nullopt, kSidecar, kStart, random_);
  ASSERT_TRUE(fresh && *fresh);
  const std::optional<Identity> have = (*fresh)->clone();
  auto again = [&](const std::optional<Identity>& identity, const Subject& subject, WallTime now) {
    return renew(*state_, identity, subject, now, random_).value().has_value();
  };
  EXPECT_FALSE(again(have, kSidecar, kStart + days(59)));
  EXPECT_TRUE(again(have, kSidecar, kStart + days(60)));
  EXPECT_TRUE(again(have, kOperator, kStart));
  std::optional<Identity> torn = have->clone();
  torn->key = SecretBytes(as_bytes("no key"));
  EXPECT_TRUE(again(torn, kSidecar, kStart));
  torn = have->clone();
  torn->certificate += torn->certificate;
  EXPECT_TRUE(again(torn, kSidecar, kStart));
}

TEST_F(Authority, AfterItsChangeEverythingIsIssuedAgainWhatIsTrustedStaysTrusted) {
  advance_at(kStart);
  const WallTime change = kStart + days(2600);
  const std::optional<Identity> have = renew(*state_, std::nullopt, kSidecar, change, random_).value();
  advance_at(change);
  EXPECT_FALSE(renew(*state_, have, kSidecar, change, random_).value());
  advance_at(change + kOverlap);
  const auto fresh = renew(*state_, have, kSidecar, change + kOverlap, random_).value();
  ASSERT_TRUE(fresh);
  EXPECT_TRUE(check_issued(fresh->certificate, state_->current.certificate, kSidecar));
  EXPECT_TRUE(check_issued(have->certificate, *state_->previous, kSidecar));
}

}  // namespace
}  // namespace hawser::trust
