#include <gmock/gmock.h>

#include "tests/contract/status_sink_contract.h"
#include "tests/unit/operator/store/status_samples.h"

namespace hawser::store {
namespace {

using ::testing::IsEmpty;

TEST_P(StatusSinkContract, HasNothingAtFirst) {
  harness_->create(connection_key("a"));
  EXPECT_THAT(sink().statuses(), IsEmpty());
}

TEST_P(StatusSinkContract, WhatIsWrittenIsThere) {
  const auto key = connection_key("a");
  const auto meta = harness_->create(key);
  EXPECT_TRUE(write(key, meta, full_status()));
  ASSERT_TRUE(sink().statuses().contains(key));
  EXPECT_EQ(sink().statuses().at(key), full_status());
}

TEST_P(StatusSinkContract, WritingWhatIsThereWritesNothing) {
  const auto key = connection_key("a");
  const auto meta = harness_->create(key);
  write(key, meta, full_status());
  const size_t before = harness_->writes();
  EXPECT_FALSE(write(key, meta, full_status()));
  EXPECT_EQ(harness_->writes(), before);
}

TEST_P(StatusSinkContract, TheLastOfSeveralStays) {
  const auto key = connection_key("a");
  const auto meta = harness_->create(key);
  api::Status status = full_status();
  for (const char* node : {"a", "b", "c"}) {
    status.node = node;
    EXPECT_TRUE(sink().write(key, meta, status).value());
  }
  harness_->settle();
  EXPECT_EQ(sink().statuses().at(key).node, "c");
}

TEST_P(StatusSinkContract, APartThatIsNoLongerThereIsGone) {
  const auto key = connection_key("a");
  const auto meta = harness_->create(key);
  write(key, meta, full_status());
  api::Status less = full_status();
  less.negotiated.reset();
  less.last_failure.reset();
  EXPECT_TRUE(write(key, meta, less));
  harness_->reopen();
  EXPECT_EQ(sink().statuses().at(key), less);
}

TEST_P(StatusSinkContract, ARestartFindsEverythingAndWritesNothing) {
  const auto a = connection_key("a");
  const auto b = connection_key("b");
  const auto meta_a = harness_->create(a);
  const auto meta_b = harness_->create(b);
  write(a, meta_a, full_status());
  api::Status other = full_status();
  other.node = "elsewhere";
  write(b, meta_b, other);
  const size_t before = harness_->writes();
  harness_->reopen();
  EXPECT_EQ(sink().statuses().at(a), full_status());
  EXPECT_EQ(sink().statuses().at(b), other);
  EXPECT_FALSE(write(a, meta_a, full_status()));
  EXPECT_FALSE(write(b, meta_b, other));
  EXPECT_EQ(harness_->writes(), before);
}

TEST_P(StatusSinkContract, OfAnObjectThatIsGoneNothingStays) {
  const auto key = connection_key("a");
  const auto meta = harness_->create(key);
  write(key, meta, full_status());
  harness_->destroy(key);
  EXPECT_TRUE(sink().remove(key).has_value());
  EXPECT_TRUE(sink().remove(key).has_value()) << "twice is no error";
  harness_->settle();
  EXPECT_THAT(sink().statuses(), IsEmpty());
  harness_->reopen();
  EXPECT_THAT(sink().statuses(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Sinks, StatusSinkContract,
                         ::testing::Values(StatusSinkFactory{"folder", make_folder_sink_harness},
                                           StatusSinkFactory{"api", make_api_sink_harness}),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace hawser::store
