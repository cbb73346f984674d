#include "operator/store/atomic_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/support/pki/temp_dir.h"

namespace hawser::store {
namespace {

TEST(AtomicFile, ReplacesTheTextAndLeavesNothingElse) {
  testing::TempDir dir;
  ASSERT_TRUE(write_atomically(dir.file("a.yaml"), "one\n").has_value());
  ASSERT_TRUE(write_atomically(dir.file("a.yaml"), "two\n").has_value());
  EXPECT_EQ(testing::read_file(dir.file("a.yaml")), "two\n");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.path()), {}), 1);
}

TEST(AtomicFile, PutsANewFileInThePlaceOfTheOld) {
  testing::TempDir dir;
  struct stat before {
  }, after{};
  ASSERT_TRUE(write_atomically(dir.file("a"), "one").has_value());
  stat(dir.file("a").c_str(), &before);
  ASSERT_TRUE(write_atomically(dir.file("a"), "two").has_value());
  stat(dir.file("a").c_str(), &after);
  EXPECT_NE(before.st_ino, after.st_ino) << "a reader that has the old one open must go on seeing it whole";
}

TEST(AtomicFile, SaysWhatCouldNotBeWritten) {
  testing::TempDir dir;
  auto written = write_atomically(dir.file("none/a"), "x");
  ASSERT_FALSE(written.has_value());
  EXPECT_THAT(written.error().message, ::testing::HasSubstr("No such file"));
  std::filesystem::create_directory(dir.file("taken"));
  auto taken = write_atomically(dir.file("taken"), "x");
  ASSERT_FALSE(taken.has_value());
  EXPECT_FALSE(std::filesystem::exists(dir.file(".taken.tmp")));
}

}  // namespace
}  // namespace hawser::store
