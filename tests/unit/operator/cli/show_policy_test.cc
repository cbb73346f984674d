#include "operator/cli/show_policy.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "operator/api/codec.h"

namespace hawser::cli {
namespace {

using testing::HasSubstr;

const std::string kExamples = HAWSER_SOURCE_DIR "/examples/";

// The walkthrough's sample output.
constexpr const char* kEightLines =
    "SALifeTimeSeconds : 14400\n"
    "SADataSizeKilobytes : 102400000\n"
    "IpsecEncryption : AES256\n"
    "IpsecIntegrity : SHA256\n"
    "IkeEncryption : AES128\n"
    "IkeIntegrity : SHA1\n"
    "DhGroup : DHGroup14\n"
    "PfsGroup : None\n";

class ShowPolicy : public testing::Test {
 protected:
  ShowPolicy() {
    char name[] = "/tmp/hawser-show-XXXXXX";
    folder_ = mkdtemp(name);
    unsetenv("HAWSER_MANIFESTS");
    unsetenv("HAWSER_STATUS");
  }
  ~ShowPolicy() override { std::filesystem::remove_all(folder_); }

  int run(ShowPolicyOptions options) {
    out_.str("");
    err_.str("");
    return show_policy(options, out_, err_);
  }
  static ShowPolicyOptions options_for(std::string connection, std::string manifests, std::string status) {
    ShowPolicyOptions options;
    options.connection = std::move(connection);
    options.manifests = std::move(manifests);
    options.status = std::move(status);
    return options;
  }
  ShowPolicyOptions sample() { return options_for("vnet1tosite6", kExamples + "azure-stack-site6", folder_); }
  void write_status(const std::string& text) {
    std::filesystem::create_directories(folder_ + "/default/connections");
    std::ofstream(folder_ + "/default/connections/vnet1tosite6.yaml") << text;
  }
  void write_status(const api::Status& status) {
    nlohmann::ordered_json file = {
        {"apiVersion", api::kApiVersion},
        {"kind", "Connection"},
        {"metadata", {{"name", "vnet1tosite6"}, {"namespace", "default"}, {"generation", 1}}},
        {"status", api::status_to_json(status)}};
    write_status(api::to_yaml(file));
  }

  std::string folder_;
  std::ostringstream out_, err_;
};

TEST_F(ShowPolicy, PrintsTheEightLinesOfTheWalkthrough) {
  EXPECT_EQ(run(sample()), 0) << err_.str();
  EXPECT_EQ(out_.str(), kEightLines);
  EXPECT_EQ(err_.str(), "");
}

TEST_F(ShowPolicy, WhatTheStatusSaysIsInForceWins) {
  api::Status status;
  status.effective_policy = {"IpsecPolicy", "other",     "AES256", "SHA384", "ECP384",
                             "GCMAES256",   "GCMAES256", "ECP384", 300,      1024};
  write_status(status);
  EXPECT_EQ(run(sample()), 0) << err_.str();
  EXPECT_THAT(out_.str(),
              testing::StartsWith(
                  "SALifeTimeSeconds : 300\nSADataSizeKilobytes : 1024\nIpsecEncryption : GCMAES256\n"));
}

TEST_F(ShowPolicy, AStatusWithoutAPolicyFallsBackToTheManifests) {
  write_status(api::Status{});
  EXPECT_EQ(run(sample()), 0) << err_.str();
  EXPECT_EQ(out_.str(), kEightLines);
}

TEST_F(ShowPolicy, AStatusFileThatIsBrokenIsAnErrorAndNotGuessed) {
  write_status("status: [\n");
  EXPECT_EQ(run(sample()), 1);
  EXPECT_THAT(err_.str(), HasSubstr("is not a status file"));
  write_status("status: {observedGeneration: x}\n");
  EXPECT_EQ(run(sample()), 1);
  EXPECT_EQ(out_.str(), "");
}

TEST_F(ShowPolicy, WithoutAPolicyOneLineSaysSoBeforeTheDefault) {
  std::ofstream(folder_ + "/all.yaml")
      << "apiVersion: hawser.dev/v1alpha1\nkind: VirtualNetworkGateway\nmetadata: {name: g}\nspec: "
         "{virtualNetworkRef: {name: n}, "
         "profile: AzureStack1811}\n---\napiVersion: hawser.dev/v1alpha1\nkind: Connection\nmetadata: {name: "
         "c}\nspec:\n"
         "  virtualNetworkGatewayRef: {name: g}\n  localNetworkGatewayRef: {name: s}\n  sharedKeySecretRef: "
         "{name: k}\n";
  EXPECT_EQ(run(options_for("c", folder_, "")), 0) << err_.str();
  EXPECT_EQ(out_.str(),
            "Connection default/c has no IpsecPolicy; the default proposal of AzureStack1811 is in force:\n"
            "SALifeTimeSeconds : 27000\nSADataSizeKilobytes : 33553408\nIpsecEncryption : GCMAES256\n"
            "IpsecIntegrity : GCMAES256\nIkeEncryption : AES256\nIkeIntegrity : SHA256\nDhGroup : DHGroup2\n"
            "PfsGroup : None\n");
}

TEST_F(ShowPolicy, JsonHasTheSameValues) {
  auto options = sample();
  options.output = "json";
  EXPECT_EQ(run(options), 0);
  auto json = nlohmann::json::parse(out_.str());
  EXPECT_EQ(json["pfsGroup"], "None");
  EXPECT_EQ(json["saLifeTimeSeconds"], 14400);
  EXPECT_EQ(json["source"], "IpsecPolicy");
  EXPECT_EQ(json["name"], "ipsecpolicy6");
}

TEST_F(ShowPolicy, WhatIsMissingIsSaid) {
  auto options = sample();
  options.connection = "nothing";
  EXPECT_EQ(run(options), 1);
  EXPECT_THAT(err_.str(), HasSubstr("Connection default/nothing is not in the manifests"));
  auto both = sample();
  both.cluster.context = "c";
  EXPECT_EQ(run(both), 2);
  EXPECT_THAT(err_.str(), HasSubstr("choose one"));
  EXPECT_EQ(run(options_for("../c", "", folder_)), 2);
  EXPECT_EQ(run(options_for("c", "", folder_)), 1);
  EXPECT_EQ(run(options_for("c", folder_ + "/nothing", "")), 1);
}

TEST_F(ShowPolicy, APolicyThatIsRefusedIsNotShownAsInForce) {
  for (const auto& entry : std::filesystem::directory_iterator(kExamples + "azure-stack-site6"))
    std::filesystem::copy(entry.path(), folder_);
  std::ifstream in(folder_ + "/policy.yaml");
  std::string text((std::istreambuf_iterator<char>(in)), {});
  text.replace(text.find("ipsecEncryption: AES256"), 23, "ipsecEncryption: GCMAES256");
  std::ofstream(folder_ + "/policy.yaml") << text;
  EXPECT_EQ(run(options_for("vnet1tosite6", folder_, "")), 1);
  EXPECT_THAT(err_.str(), HasSubstr("IpsecPolicy default/ipsecpolicy6 breaks POL-4"));
}

}  // namespace
}  // namespace hawser::cli
