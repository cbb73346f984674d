#include "operator/store/status_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/pki/temp_dir.h"
#include "tests/unit/operator/store/status_samples.h"

namespace hawser::store {
namespace {

using std::chrono::seconds;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;

class StatusFolderTest : public ::testing::Test {
 protected:
  void reopen() {
    folder_.reset();
    folder_ = StatusFolder::open(path_).value();
  }
  api::ObjectMeta assign(const std::string& digest, int at = 0) {
    return folder_->assign(key_, digest, WallTime(seconds(at)));
  }
  testing::TempDir dir_;
  std::string path_ = dir_.file("status");
  std::unique_ptr<StatusFolder> folder_ = StatusFolder::open(path_).value();
  const api::ObjectKey key_ = connection_key("a");
};

TEST_F(StatusFolderTest, TheEpochRisesWithEachStart) {
  EXPECT_EQ(folder_->epoch(), 1u);
  reopen();
  EXPECT_EQ(folder_->epoch(), 2u);
  EXPECT_EQ(testing::read_file(path_ + "/.epoch"), "2\n");
}

TEST_F(StatusFolderTest, RefusesAnEpochThatIsNoNumber) {
  folder_.reset();
  dir_.write("status/.epoch", "many\n");
  auto opened = StatusFolder::open(path_);
  ASSERT_FALSE(opened.has_value());
  EXPECT_THAT(opened.error().message, HasSubstr("holds 'many', not a number"));
}

TEST_F(StatusFolderTest, HasOneWriter) {
  auto second = StatusFolder::open(path_);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::AlreadyExists);
  EXPECT_THAT(second.error().message,
              HasSubstr("in use by another hawser-operator (process " + std::to_string(getpid())));
  EXPECT_EQ(testing::read_file(path_ + "/.epoch"), "1\n") << "who comes second counts for nothing";
}

TEST_F(StatusFolderTest, WritesOnlyWhatChanged) {
  const api::ObjectMeta meta = assign("d1");
  EXPECT_TRUE(folder_->write(key_, meta, full_status()).value());
  EXPECT_FALSE(folder_->write(key_, meta, full_status()).value());
  api::Status other = full_status();
  other.node = "node-b";
  EXPECT_TRUE(folder_->write(key_, meta, other).value());
  reopen();
  EXPECT_FALSE(folder_->write(key_, assign("d1"), other).value()) << "a restart is no change";
}

TEST_F(StatusFolderTest, MetadataSurvivesARestart) {
  EXPECT_EQ(assign("d1", 100).generation, 1);
  EXPECT_EQ(assign("d1", 200).generation, 1);
  const api::ObjectMeta meta = assign("d2", 300);
  EXPECT_EQ(meta.generation, 2);
  EXPECT_EQ(meta.creation_timestamp, "1970-01-01T00:01:40Z");
  ASSERT_TRUE(folder_->write(key_, meta, full_status()).has_value());
  reopen();
  EXPECT_EQ(assign("d2", 400).generation, 2);
  EXPECT_EQ(assign("d2", 400).creation_timestamp, "1970-01-01T00:01:40Z");
  EXPECT_EQ(assign("d3", 400).generation, 3) << "edited while no operator ran";
  EXPECT_EQ(folder_->statuses().at(key_), full_status());
}

TEST_F(StatusFolderTest, AStatusWithoutAnObjectKeepsTheMetadata) {
  ASSERT_TRUE(folder_->write(key_, assign("d1", 100), full_status()).has_value());
  api::ObjectMeta bare;
  bare.namespace_ = "default";
  bare.name = "a";
  bare.generation = 1;
  api::Status broken = full_status();
  broken.connection_status = "Unknown";
  ASSERT_TRUE(folder_->write(key_, bare, broken).value());
  reopen();
  EXPECT_EQ(assign("d1").creation_timestamp, "1970-01-01T00:01:40Z");
}

TEST_F(StatusFolderTest, RemovesTheFileAndEmptyFolders) {
  ASSERT_TRUE(folder_->write(key_, assign("d1"), full_status()).has_value());
  EXPECT_TRUE(std::filesystem::exists(path_ + "/default/connections/a.yaml"));
  ASSERT_TRUE(folder_->remove(key_).has_value());
  EXPECT_FALSE(std::filesystem::exists(path_ + "/default"));
  EXPECT_TRUE(folder_->remove(key_).has_value()) << "it is gone already";
  EXPECT_EQ(assign("d9").generation, 1) << "a new object of that name is a new object";
}

TEST_F(StatusFolderTest, TellsOfAFileItCannotReadAndReplacesIt) {
  ASSERT_TRUE(folder_->write(key_, assign("d1"), full_status()).has_value());
  dir_.write("status/default/connections/a.yaml", "kind: [");
  reopen();
  EXPECT_THAT(folder_->take_notices(), Contains(Field(&Notice::text, HasSubstr("a.yaml"))));
  EXPECT_TRUE(folder_->write(key_, assign("d1"), full_status()).value());
}

}  // namespace
}  // namespace hawser::store
