#include "common/base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace hawser {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return Error{ErrorCode::InvalidArgument, "odd"};
  return number / 2;
}

Result<int> quarter(int number) {
  ASSIGN_OR_RETURN(int once, half(number));
  ASSIGN_OR_RETURN(int twice, half(once));
  return twice;
}

Result<void> must_be_even(int number) {
  RETURN_IF_ERROR(half(number));
  return {};
}

TEST(Result, HoldsAValueOrAnError) {
  auto good = half(4);
  ASSERT_TRUE(good.has_value());
  EXPECT_EQ(*good, 2);
  auto bad = half(3);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(bad.error().message, "odd");
}

TEST(Result, MacrosHandTheErrorOn) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(6).error().message, "odd");
  EXPECT_TRUE(must_be_even(2));
  EXPECT_EQ(must_be_even(1).error().code, ErrorCode::InvalidArgument);
}

TEST(Result, CarriesWhatCanOnlyBeMoved) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(5));
  EXPECT_EQ(**result, 5);
  std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 5);
}

TEST(Result, ReadingTheWrongSideIsABugOfOurs) {
  EXPECT_DEATH((void)half(3).value(), "CHECK failed");
  EXPECT_DEATH((void)half(2).error(), "CHECK failed");
  EXPECT_DEATH((void)Result<void>().error(), "CHECK failed");
}

}  // namespace
}  // namespace hawser
