#include "operator/cli/get.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "operator/cli/get_view.h"
#include "tests/support/pki/temp_dir.h"
#include "tests/unit/operator/store/status_samples.h"

namespace hawser::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

// 2026-11-23T20:00:00Z
constexpr WallTime kNow{std::chrono::seconds(1795464000)};

class GetTest : public ::testing::Test {
 protected:
  GetTest() {
    options_.manifests = std::string(HAWSER_SOURCE_DIR) + "/examples/azure-stack-site6";
    options_.status = dir_.path();
    std::filesystem::create_directories(dir_.file("default/connections"));
    store::StatusRecord record{store::connection_key("vnet1tosite6"), 3, "2026-11-23T19:00:00Z", "d",
                               store::full_status()};
    record.status.conditions.push_back({catalog::ConditionType::Ready, api::ConditionStatus::False,
                                        catalog::Reason::InvalidSpec, "mend it", 3, "2026-11-23T19:53:59Z"});
    dir_.write("default/connections/vnet1tosite6.yaml", store::render(record));
  }
  int run(const std::string& kind = "", const std::string& name = "", const std::string& output = "") {
    options_.kind = kind;
    options_.name = name;
    options_.output = output;
    out_.str("");
    err_.str("");
    return get(options_, kNow, out_, err_);
  }
  testing::TempDir dir_;
  GetOptions options_;
  std::ostringstream out_, err_;
};

TEST_F(GetTest, PrintsConnectionsAsATable) {
  ASSERT_EQ(run("connections"), 0) << err_.str();
  EXPECT_EQ(out_.str(),
            "NAME           READY   STATUS      REASON        PEER            AGE\n"
            "vnet1tosite6   False   Connected   InvalidSpec   131.107.72.22   60m\n");
}

TEST_F(GetTest, KnowsKindsByAnyOfTheirNames) {
  for (const char* kind : {"Connection", "connection", "CONNECTIONS", "vpnconn", "VpnConn",
                           "connections.hawser.dev", "connection.hawser.dev/vnet1tosite6"}) {
    EXPECT_EQ(run(kind), 0) << kind;
    EXPECT_THAT(out_.str(), HasSubstr("vnet1tosite6")) << kind;
  }
  EXPECT_EQ(run("vng"), 0);
  EXPECT_THAT(out_.str(), HasSubstr("vnet1gw   Unknown            192.0.2.10   VpnGw1   <unknown>"));
}

TEST_F(GetTest, PrintsEveryKindUnderItsFullName) {
  ASSERT_EQ(run(), 0);
  for (const char* name : {"virtualnetwork.hawser.dev/testvnet1", "virtualnetworkgateway.hawser.dev/vnet1gw",
                           "localnetworkgateway.hawser.dev/site6", "ipsecpolicy.hawser.dev/ipsecpolicy6",
                           "connection.hawser.dev/vnet1tosite6"})
    EXPECT_THAT(out_.str(), HasSubstr(name));
  EXPECT_THAT(out_.str(), HasSubstr("AES128/SHA1/DHGroup14   AES256/SHA256   none"));
}

TEST_F(GetTest, WideHasMoreColumnsAndAllNamespacesOneMore) {
  ASSERT_EQ(run("connections", "", "wide"), 0);
  EXPECT_THAT(out_.str(), HasSubstr("GATEWAY   SITE    POLICY         NODE"));
  options_.all_namespaces = true;
  ASSERT_EQ(run("connections"), 0);
  EXPECT_THAT(out_.str(), StartsWith("NAMESPACE   NAME "));
}

TEST_F(GetTest, OneByNameShowsItsConditionsSuiteAndFailure) {
  ASSERT_EQ(run("connection", "vnet1tosite6"), 0);
  EXPECT_THAT(out_.str(), HasSubstr("Ready         False    InvalidSpec"));
  EXPECT_THAT(out_.str(), HasSubstr("mend it"));
  EXPECT_THAT(out_.str(), HasSubstr("IKE SA:    AES128/SHA1/DHGroup14, initiator"));
  EXPECT_THAT(out_.str(), HasSubstr("IkeProposalMismatch as responder in IKE_SA_INIT"));
  EXPECT_THAT(out_.str(), HasSubstr("ikeEncryption: ours AES128, the peer's true"));
}

TEST_F(GetTest, JsonIsAListOrTheOneObject) {
  ASSERT_EQ(run("connections", "", "json"), 0);
  auto list = nlohmann::json::parse(out_.str());
  EXPECT_EQ(list["kind"], "List");
  ASSERT_EQ(list["items"].size(), 1u);
  ASSERT_EQ(run("connections", "vnet1tosite6", "json"), 0);
  auto one = nlohmann::json::parse(out_.str());
  EXPECT_EQ(one["kind"], "Connection");
  EXPECT_EQ(one["spec"]["localNetworkGatewayRef"]["name"], "site6");
  EXPECT_EQ(one["status"]["connectionStatus"], "Connected");
  EXPECT_EQ(one["metadata"]["generation"], 3);
}

TEST_F(GetTest, YamlIsTheSame) {
  ASSERT_EQ(run("connections", "vnet1tosite6", "yaml"), 0);
  EXPECT_THAT(out_.str(), StartsWith("apiVersion: hawser.dev/v1alpha1\nkind: Connection\n"));
}

TEST_F(GetTest, ShowsASecretNowhere) {
  for (const char* output : {"", "wide", "json", "yaml"}) {
    ASSERT_EQ(run("", "", output), 0);
    EXPECT_THAT(out_.str(), Not(HasSubstr("Azs123")));
    EXPECT_THAT(out_.str(), Not(HasSubstr("kind: Secret")));
  }
  EXPECT_EQ(run("secrets"), 2);
}

TEST_F(GetTest, SaysInOneLineWhatIsWrong) {
  EXPECT_EQ(run("pods"), 2);
  EXPECT_THAT(err_.str(),
              MatchesRegex("hawser: there is no kind 'pods'; use one of [^\n]*connections \\(vpnconn\\)\n"));
  EXPECT_EQ(run("connections", "", "xml"), 2);
  EXPECT_THAT(err_.str(), HasSubstr("use json, yaml or wide"));
  EXPECT_EQ(run("connections", "none"), 1);
  EXPECT_THAT(err_.str(), HasSubstr("Connection 'none' is not in namespace default"));
  options_.namespace_ = "other";
  EXPECT_EQ(run("connections"), 0);
  EXPECT_EQ(err_.str(), "No resources found in namespace other.\n");
  options_.status = dir_.file("none");
  EXPECT_EQ(run("connections"), 1);
  unsetenv("HAWSER_STATUS");
  options_.status.clear();
  EXPECT_EQ(run("connections"), 2);
  EXPECT_THAT(err_.str(), HasSubstr("HAWSER_STATUS"));
}

TEST(GetAge, IsWrittenAsKubectlDoes) {
  EXPECT_EQ(age("2026-11-23T19:59:01Z", kNow), "59s");
  EXPECT_EQ(age("2026-11-23T19:58:00Z", kNow), "2m");
  EXPECT_EQ(age("2026-11-23T10:00:00Z", kNow), "10h");
  EXPECT_EQ(age("2026-11-13T20:00:00Z", kNow), "10d");
  EXPECT_EQ(age("2027-01-01T00:00:00Z", kNow), "0s");
  EXPECT_EQ(age("", kNow), "<unknown>");
  EXPECT_EQ(age("yesterday", kNow), "<unknown>");
}

}  // namespace
}  // namespace hawser::cli
