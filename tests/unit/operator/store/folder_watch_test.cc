#include "operator/store/folder_watch.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/pki/temp_dir.h"

namespace hawser::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class FolderWatchTest : public ::testing::Test {
 protected:
  FolderWatchTest() {
    watch_->poll(now_);
    watch_->handle_scan(now_);
  }
  testing::TempDir dir_;
  TimePoint now_{seconds(1000)};
  std::unique_ptr<FolderWatch> watch_ = FolderWatch::open(dir_.path()).value();
};

TEST(FolderWatch, TheFirstScanIsDueAtOnce) {
  testing::TempDir dir;
  auto watch = FolderWatch::open(dir.path());
  ASSERT_TRUE(watch.has_value());
  EXPECT_EQ((*watch)->scan_due(), TimePoint::min());
}

TEST(FolderWatch, RefusesWhatIsNoFolder) {
  testing::TempDir dir;
  EXPECT_FALSE(FolderWatch::open(dir.file("none")).has_value());
  EXPECT_FALSE(FolderWatch::open(dir.write("file", "")).has_value());
}

TEST_F(FolderWatchTest, ScansWhenChangesPause) {
  EXPECT_EQ(watch_->scan_due(), now_ + FolderWatch::kRescan);
  dir_.write("a.yaml", "x");
  watch_->poll(now_ + milliseconds(10));
  EXPECT_EQ(watch_->scan_due(), now_ + milliseconds(10) + FolderWatch::kPause);
  dir_.write("b.yaml", "x");
  watch_->poll(now_ + milliseconds(60));
  EXPECT_EQ(watch_->scan_due(), now_ + milliseconds(60) + FolderWatch::kPause);
}

TEST_F(FolderWatchTest, ScansAfterASecondEvenIfChangesNeverPause) {
  for (int i = 0; i < 40; ++i) {
    dir_.write("a.yaml", std::to_string(i));
    watch_->poll(now_ + milliseconds(50 * i));
  }
  EXPECT_EQ(watch_->scan_due(), now_ + FolderWatch::kPatience);
}

TEST_F(FolderWatchTest, KnowsAFileThatSomebodyIsWriting) {
  std::ofstream half(dir_.file("a.yaml"));
  half << "kind: " << std::flush;
  watch_->poll(now_);
  EXPECT_TRUE(watch_->is_being_written("a.yaml", now_));
  EXPECT_FALSE(watch_->is_being_written("a.yaml", now_ + FolderWatch::kWriteLimit))
      << "forgotten open, or a log";
  half << "Connection\n";
  half.close();
  watch_->poll(now_);
  EXPECT_FALSE(watch_->is_being_written("a.yaml", now_));
}

TEST_F(FolderWatchTest, SeesASwapOfALinkAndARename) {
  std::filesystem::create_directory(dir_.file("..1"));
  std::filesystem::create_symlink("..1", dir_.file("..data_tmp"));
  watch_->poll(now_);
  watch_->handle_scan(now_);
  std::filesystem::rename(dir_.file("..data_tmp"), dir_.file("..data"));
  watch_->poll(now_ + seconds(1));
  EXPECT_EQ(watch_->scan_due(), now_ + seconds(1) + FolderWatch::kPause);
}

TEST_F(FolderWatchTest, FollowsAFolderThatWasReplaced) {
  std::filesystem::rename(dir_.path(), dir_.path() + ".old");
  std::filesystem::create_directory(dir_.path());
  watch_->poll(now_);
  watch_->handle_scan(now_);
  dir_.write("a.yaml", "x");
  watch_->poll(now_ + seconds(1));
  EXPECT_EQ(watch_->scan_due(), now_ + seconds(1) + FolderWatch::kPause);
  std::filesystem::remove_all(dir_.path() + ".old");
}

}  // namespace
}  // namespace hawser::store
