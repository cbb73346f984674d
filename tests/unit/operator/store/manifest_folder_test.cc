#include "operator/store/manifest_folder.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/support/pki/temp_dir.h"
#include "tests/unit/operator/store/samples.h"

namespace hawser::store {
namespace {

using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Not;

class ManifestFolderTest : public ::testing::Test {
 protected:
  // Takes in what happened to the folder; true when there is a new snapshot.
  bool look() {
    const bool at_once = folder_->poll(now());
    clock_ += seconds(2);
    return folder_->poll(now()) || at_once;
  }
  Now now() const { return {clock_, WallTime{}}; }
  std::vector<std::string> policies() const {
    std::vector<std::string> names;
    for (const auto& [name, policy] : folder_->snapshot()->objects.ipsec_policies)
      names.push_back(policy.meta.name);
    return names;
  }
  // Another text of the same size. The kernel may give it the time of the one before: its clock for files
  // ticks every 4 ms before Linux 6.13, and a test is quicker than an operator.
  void write_again(const std::string& name, const std::string& text) {
    dir_.write(name, text);
    struct stat info {};
    ASSERT_EQ(stat(dir_.file(name).c_str(), &info), 0);
    ++info.st_mtim.tv_sec;
    const timespec times[] = {info.st_atim, info.st_mtim};
    ASSERT_EQ(utimensat(AT_FDCWD, dir_.file(name).c_str(), times, 0), 0);
  }
  void write_private(const std::string& name, const std::string& text) {
    dir_.write(name, text);
    chmod(dir_.file(name).c_str(), 0600);
  }

  testing::TempDir dir_;
  FakeMetadata metadata_;
  TimePoint clock_{seconds(1000)};
  std::unique_ptr<ManifestFolder> folder_ = ManifestFolder::open(dir_.path(), metadata_).value();
};

TEST_F(ManifestFolderTest, ReadsManifestsAndNothingElse) {
  dir_.write("a.yaml", policy_yaml("a"));
  dir_.write("b.yml", policy_yaml("b"));
  dir_.write("c.json",
             R"({"apiVersion": "hawser.dev/v1alpha1", "kind": "IpsecPolicy", "metadata": {"name": "c"},
    "spec": {"ikeEncryption": "AES256", "ikeIntegrity": "SHA256", "dhGroup": "ECP384", "ipsecEncryption": "AES256",
             "ipsecIntegrity": "SHA256", "pfsGroup": "None"}})");
  for (const char* name : {"d.txt", ".e.yaml", "#f.yaml#", "g.yaml~", ".h.yaml.swp", "i.yaml.tmp"})
    dir_.write(name, policy_yaml("no"));
  std::filesystem::create_directory(dir_.file("sub.yaml"));
  std::filesystem::create_directory(dir_.file("sub"));
  dir_.write("sub/j.yaml", policy_yaml("no"));
  ASSERT_TRUE(folder_->poll(now()));
  EXPECT_THAT(policies(), ElementsAre("a", "b", "c"));
}

TEST_F(ManifestFolderTest, AnEmptyFolderIsKnownToBeEmpty) {
  ASSERT_TRUE(folder_->poll(now()));
  EXPECT_TRUE(folder_->snapshot()->complete);
  EXPECT_TRUE(policies().empty());
}

TEST_F(ManifestFolderTest, SeesChangesRenamesAndRemovals) {
  dir_.write("a.yaml", policy_yaml("a"));
  look();
  write_again("a.yaml", policy_yaml("b"));
  ASSERT_TRUE(look());
  EXPECT_THAT(policies(), ElementsAre("b"));
  dir_.write("a.yaml.new", policy_yaml("c"));
  std::filesystem::rename(dir_.file("a.yaml.new"), dir_.file("a.yaml"));
  ASSERT_TRUE(look());
  EXPECT_THAT(policies(), ElementsAre("c"));
  std::filesystem::rename(dir_.file("a.yaml"), dir_.file("b.yaml"));
  ASSERT_TRUE(look());
  EXPECT_THAT(policies(), ElementsAre("c"));
  EXPECT_TRUE(folder_->snapshot()->broken.empty());
  std::filesystem::remove(dir_.file("b.yaml"));
  ASSERT_TRUE(look());
  EXPECT_TRUE(policies().empty());
}

TEST_F(ManifestFolderTest, SaysNothingNewWhileNothingChanges) {
  dir_.write("a.yaml", policy_yaml("a"));
  look();
  const uint64_t revision = folder_->snapshot()->revision;
  for (int i = 0; i < 10; ++i) {
    clock_ += seconds(11);
    EXPECT_FALSE(folder_->poll(now()));
  }
  EXPECT_EQ(folder_->snapshot()->revision, revision);
}

TEST_F(ManifestFolderTest, FollowsTheLinkSwapOfAConfigMapVolume) {
  std::filesystem::create_directory(dir_.file("..1"));
  std::filesystem::create_directory(dir_.file("..2"));
  dir_.write("..1/a.yaml", policy_yaml("old"));
  dir_.write("..2/a.yaml", policy_yaml("new"));
  std::filesystem::create_symlink("..1", dir_.file("..data"));
  std::filesystem::create_symlink("..data/a.yaml", dir_.file("a.yaml"));
  look();
  EXPECT_THAT(policies(), ElementsAre("old"));
  std::filesystem::create_symlink("..2", dir_.file("..data_tmp"));
  std::filesystem::rename(dir_.file("..data_tmp"), dir_.file("..data"));
  ASSERT_TRUE(look());
  EXPECT_THAT(policies(), ElementsAre("new"));
}

TEST_F(ManifestFolderTest, FindsAChangeBehindALinkThatSendsNoEvent) {
  testing::TempDir elsewhere;
  elsewhere.write("a.yaml", policy_yaml("old"));
  std::filesystem::create_symlink(elsewhere.file("a.yaml"), dir_.file("a.yaml"));
  look();
  elsewhere.write("a.yaml", policy_yaml("newer"));
  clock_ += FolderWatch::kRescan;
  ASSERT_TRUE(folder_->poll(now()));
  EXPECT_THAT(policies(), ElementsAre("newer"));
}

TEST_F(ManifestFolderTest, AFolderThatVanishesTakesNothingWithIt) {
  dir_.write("a.yaml", policy_yaml("a"));
  look();
  std::filesystem::rename(dir_.path(), dir_.path() + ".away");
  EXPECT_FALSE(look());
  EXPECT_THAT(policies(), ElementsAre("a"));
  EXPECT_THAT(folder_->take_notices(),
              Contains(Field(&Notice::text, HasSubstr("keeping all objects as last read"))));
  std::filesystem::rename(dir_.path() + ".away", dir_.path());
  dir_.write("b.yaml", policy_yaml("b"));
  clock_ += FolderWatch::kRescan;
  ASSERT_TRUE(look());
  EXPECT_THAT(policies(), ElementsAre("a", "b"));
}

TEST_F(ManifestFolderTest, WarnsOnceOfASecretThatOthersCanRead) {
  write_private("s.yaml", secret_yaml("psk", "abc"));
  look();
  EXPECT_THAT(folder_->take_notices(), Not(Contains(Field(&Notice::text, HasSubstr("chmod 600")))));
  chmod(dir_.file("s.yaml").c_str(), 0644);
  look();
  EXPECT_THAT(folder_->take_notices(), ElementsAre(Field(&Notice::text, HasSubstr("chmod 600"))));
  write_again("s.yaml", secret_yaml("psk", "abd"));
  chmod(dir_.file("s.yaml").c_str(), 0644);
  look();
  EXPECT_TRUE(folder_->take_notices().empty());
}

TEST_F(ManifestFolderTest, NeverShowsASecret) {
  const std::string canary = "c4n4ry-k3y";
  dir_.write("s.yaml", secret_yaml("psk", canary) + "bogus: " + "1\n");
  dir_.write("t.yaml",
             "apiVersion: v1\nkind: Secret\nmetadata:\n  name: t\nstringData:\n  psk: [" + canary + "]\n");
  look();
  for (const Notice& notice : folder_->take_notices()) EXPECT_THAT(notice.text, Not(HasSubstr(canary)));
  for (const auto& [key, fault] : folder_->snapshot()->broken)
    EXPECT_THAT(fault.message, Not(HasSubstr(canary)));
}

TEST_F(ManifestFolderTest, RefusesAPipeWithoutWaitingForIt) {
  ASSERT_EQ(mkfifo(dir_.file("p.yaml").c_str(), 0600), 0);
  dir_.write("a.yaml", policy_yaml("a"));
  ASSERT_TRUE(look());
  EXPECT_THAT(policies(), ElementsAre("a"));
  EXPECT_FALSE(folder_->snapshot()->complete);
}

TEST(ReadManifestFiles, ReadsWhatIsThere) {
  testing::TempDir dir;
  dir.write("a.yaml", "x");
  dir.write("b.txt", "y");
  auto files = read_manifest_files(dir.path());
  ASSERT_TRUE(files.has_value());
  EXPECT_EQ(*files, (std::map<std::string, std::string>{{"a.yaml", "x"}}));
  EXPECT_FALSE(read_manifest_files(dir.file("none")).has_value());
}

}  // namespace
}  // namespace hawser::store
