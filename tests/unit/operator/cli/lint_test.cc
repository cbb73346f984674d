#include "operator/cli/lint.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace hawser::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kPolicy =
    "apiVersion: hawser.dev/v1alpha1\nkind: IpsecPolicy\nmetadata: {name: p}\nspec: {ikeEncryption: AES256, "
    "ikeIntegrity: "
    "SHA384, dhGroup: ECP384, ipsecEncryption: GCMAES256, ipsecIntegrity: GCMAES256, pfsGroup: ECP384}\n";
constexpr const char* kBroken =
    "apiVersion: hawser.dev/v1alpha1\nkind: IpsecPolicy\nmetadata: {name: q}\nspec:\n  ikeEncryption: "
    "AES256\n"
    "  ikeIntegrity: SHA384\n  dhGroup: ECP384\n  ipsecEncryption: GCMAES256\n  ipsecIntegrity: SHA256\n"
    "  pfsGroup: ECP384\n";

class Lint : public testing::Test {
 protected:
  Lint() {
    char name[] = "/tmp/hawser-lint-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~Lint() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }
  int run(std::vector<std::string> paths, std::string output = "") {
    out_.str("");
    err_.str("");
    return lint({std::move(paths), std::move(output)}, out_, err_);
  }

  std::string folder_;
  std::ostringstream out_, err_;
};

TEST_F(Lint, GoodManifestsExitWithZeroAndSayNothing) {
  write("a.yaml", kPolicy);
  EXPECT_EQ(run({folder_}), 0);
  EXPECT_EQ(out_.str(), "");
  EXPECT_EQ(err_.str(), "");
}

TEST_F(Lint, ABrokenRuleIsALineWithItsPlaceAndExitsWithOne) {
  const std::string path = write("b.yaml", kBroken);
  EXPECT_EQ(run({path}), 1);
  EXPECT_THAT(out_.str(), HasSubstr(path + ":9:19: error: spec.ipsecIntegrity: 'SHA256'"));
}

TEST_F(Lint, WarningsExitWithZero) {
  std::string weak = kPolicy;
  weak.replace(weak.find("SHA384"), 6, "SHA1");
  const std::string path = write("a.yaml", weak);
  EXPECT_EQ(run({path}), 0);
  EXPECT_THAT(out_.str(), HasSubstr(": warning: spec.ikeIntegrity: 'SHA1' is weak"));
}

TEST_F(Lint, FoldersAreReadByNameAndNotRecursively) {
  write("b.yml", kBroken);
  write("a.json", "{\"apiVersion\": \"hawser.dev/v1alpha1\", \"kind\": \"Nothing\"}");
  write("ignored.txt", "[");
  write(".hidden.yaml", "[");
  std::filesystem::create_directory(folder_ + "/below.yaml");
  std::ofstream(folder_ + "/below.yaml/c.yaml") << "[";
  EXPECT_EQ(run({folder_}), 1);
  const size_t a = out_.str().find("a.json:1:");
  const size_t b = out_.str().find("b.yml:9:");
  ASSERT_NE(a, std::string::npos);
  ASSERT_NE(b, std::string::npos);
  EXPECT_LT(a, b);
}

TEST_F(Lint, AnObjectInTwoFilesIsAnErrorAtTheSecond) {
  const std::string first = write("a.yaml", kPolicy);
  const std::string second = write("b.yaml", kPolicy);
  EXPECT_EQ(run({folder_}), 1);
  EXPECT_THAT(out_.str(),
              AllOf(HasSubstr(second + ":3:18: error: metadata.name: 'p'"), HasSubstr(first + ":3")));
}

TEST_F(Lint, AReferenceToNothingIsAWarning) {
  write("a.yaml",
        "apiVersion: hawser.dev/v1alpha1\nkind: Connection\nmetadata: {name: c}\nspec:\n  "
        "virtualNetworkGatewayRef: {name: g}\n"
        "  localNetworkGatewayRef: {name: s}\n  sharedKeySecretRef: {name: k}\n");
  EXPECT_EQ(run({folder_}), 0);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("warning: spec.virtualNetworkGatewayRef"),
                                HasSubstr("warning: spec.localNetworkGatewayRef"),
                                HasSubstr("warning: spec.sharedKeySecretRef")));
}

TEST_F(Lint, JsonHasEveryProblemAndTheCounts) {
  write("b.yaml", kBroken);
  EXPECT_EQ(run({folder_}, "json"), 1);
  auto json = nlohmann::json::parse(out_.str());
  EXPECT_EQ(json["errors"], 1);
  EXPECT_EQ(json["warnings"], 0);
  ASSERT_THAT(json["problems"], SizeIs(1));
  EXPECT_EQ(json["problems"][0]["rule"], "POL-4");
  EXPECT_EQ(json["problems"][0]["line"], 9);
  EXPECT_EQ(json["problems"][0]["object"], "IpsecPolicy default/q");
  EXPECT_EQ(json["problems"][0]["fieldPath"], "spec.ipsecIntegrity");
}

TEST_F(Lint, APathThatIsNotThereIsAUsageError) {
  EXPECT_EQ(run({folder_ + "/nothing"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("nothing' is not there"));
  EXPECT_EQ(run({folder_}, "xml"), 2);
}

TEST(LintProblems, AreSortedByPlaceWhateverTheirSource) {
  LoadedManifests manifests;
  add_manifests("b.yaml", kBroken, manifests);
  add_manifests("a.yaml", "[", manifests);
  std::vector<std::string> files;
  for (const auto& problem : lint_problems(std::move(manifests))) files.push_back(problem.position.file);
  EXPECT_THAT(files, ElementsAre("a.yaml", "b.yaml"));
}

}  // namespace
}  // namespace hawser::cli
