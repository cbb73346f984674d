#include "operator/cli/cluster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "operator/api/codec.h"
#include "operator/cli/get.h"
#include "operator/cli/manifests.h"
#include "operator/cli/show_policy.h"
#include "tests/support/kube/scripted_transport.h"
#include "tests/support/pki/temp_dir.h"
#include "tests/unit/operator/store/status_samples.h"

namespace hawser::cli {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

// 2026-11-23T20:00:00Z
constexpr WallTime kNow{std::chrono::seconds(1795464000)};
const std::string kSample = std::string(HAWSER_SOURCE_DIR) + "/examples/azure-stack-site6";
const std::string kBase = "/apis/hawser.dev/v1alpha1/namespaces/";

Json list_of(Json items) {
  return {{"kind", "List"}, {"metadata", {{"resourceVersion", "7"}}}, {"items", std::move(items)}};
}

// An API server that holds the walkthrough's objects in one namespace.
class CliClusterTest : public ::testing::Test {
 protected:
  CliClusterTest() {
    unsetenv("HAWSER_MANIFESTS");
    unsetenv("HAWSER_STATUS");
    for (const api::KindRow& row : api::kKinds) lists_[std::string(row.plural)] = Json::array();
    const std::vector<std::string> paths = manifest_paths(kSample).value();
    for (const std::string& path : paths) {
      const api::ParsedManifests parsed = api::parse_manifests(path, cli::read_file(path).value());
      for (const api::AnyObject& object : parsed.objects) add(object);
    }
  }
  void add(const api::AnyObject& object) {
    const api::ObjectKey key = api::key_of(object);
    if (key.kind == api::Kind::Secret) return;
    lists_[std::string(api::row(key.kind).plural)].push_back({{"apiVersion", api::kApiVersion},
                                                              {"kind", api::row(key.kind).name},
                                                              {"metadata",
                                                               {{"name", key.name},
                                                                {"namespace", key.namespace_},
                                                                {"generation", 3},
                                                                {"creationTimestamp", "2026-11-23T19:00:00Z"},
                                                                {"managedFields", Json::array()}}},
                                                              {"spec", api::spec_to_json(object)}});
  }
  void set_status(const api::Status& status) {
    lists_["connections"][0]["status"] = api::status_to_json(status);
  }

  Result<Cluster> open(const ClusterFlags& flags) {
    flags_ = flags;
    auto transport = std::make_unique<testing::ScriptedTransport>();
    transport->on_send = [this](const kube::HttpRequest& request) { return answer(request); };
    return Cluster{std::move(transport), kube::bearer_token(SecretBytes(as_bytes(std::string_view("abc")))),
                   context_namespace_};
  }
  Result<kube::HttpResponse> answer(const kube::HttpRequest& request) {
    EXPECT_EQ(request.headers.at("Authorization"), "Bearer abc");
    requests_.push_back(request.path);
    kube::HttpResponse response{.status = status_, .headers = {}, .body = body_};
    if (status_ != 200) return response;
    const std::string path = request.path.substr(0, request.path.find('?'));
    const std::string plural = path.substr(path.rfind('/') + 1);
    const bool ours = path == kBase + "default/" + plural || path == "/apis/hawser.dev/v1alpha1/" + plural;
    response.body = list_of(ours ? lists_.at(plural) : Json::array()).dump();
    return response;
  }

  int get_now(const std::string& kind, const std::string& name = "", const std::string& output = "") {
    GetOptions options;
    options.kind = kind;
    options.name = name;
    options.output = output;
    options.namespace_ = namespace_;
    options.all_namespaces = all_;
    options.open = [this](const ClusterFlags& flags) { return open(flags); };
    options.cluster = given_;
    out_.str("");
    err_.str("");
    return get(options, kNow, out_, err_);
  }
  int show_now(const std::string& connection, const std::string& output = "") {
    ShowPolicyOptions options;
    options.connection = connection;
    options.output = output;
    options.namespace_ = namespace_;
    options.open = [this](const ClusterFlags& flags) { return open(flags); };
    out_.str("");
    err_.str("");
    return show_policy(options, out_, err_);
  }

  std::map<std::string, Json> lists_;
  ClusterFlags given_, flags_;
  std::string context_namespace_ = "default", namespace_;
  bool all_ = false;
  int status_ = 200;
  std::string body_;
  std::vector<std::string> requests_;
  std::ostringstream out_, err_;
};

TEST_F(CliClusterTest, PrintsWhatTheFoldersPrint) {
  set_status(store::full_status());
  testing::TempDir dir;
  std::filesystem::create_directories(dir.file("default/connections"));
  dir.write("default/connections/vnet1tosite6.yaml",
            store::render({store::connection_key("vnet1tosite6"), 3, "2026-11-23T19:00:00Z", "d",
                           store::full_status()}));
  for (const char* output : {"", "wide", "json", "yaml"}) {
    ASSERT_EQ(get_now("connections", "vnet1tosite6", output), 0) << err_.str();
    GetOptions folders;
    folders.kind = "connections";
    folders.name = "vnet1tosite6";
    folders.output = output;
    folders.manifests = kSample;
    folders.status = dir.path();
    std::ostringstream expected;
    ASSERT_EQ(get(folders, kNow, expected, err_), 0) << err_.str();
    EXPECT_EQ(out_.str(), expected.str()) << output;
  }
}

TEST_F(CliClusterTest, ShowsTheAgeOfWhatHasNoStatus) {
  ASSERT_EQ(get_now("vng"), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("60m"));
}

TEST_F(CliClusterTest, AsksForTheNamespaceOfTheContextOrTheOneGiven) {
  context_namespace_ = "team";
  ASSERT_EQ(get_now("ipsecpolicies"), 0);
  EXPECT_EQ(requests_.back(), kBase + "team/ipsecpolicies?limit=500");
  EXPECT_EQ(err_.str(), "No resources found in namespace team.\n");
  namespace_ = "default";
  ASSERT_EQ(get_now("ipsecpolicies"), 0);
  EXPECT_THAT(out_.str(), HasSubstr("ipsecpolicy6"));
  all_ = true;
  ASSERT_EQ(get_now("ipsecpolicies"), 0);
  EXPECT_EQ(requests_.back(), "/apis/hawser.dev/v1alpha1/ipsecpolicies?limit=500");
}

TEST_F(CliClusterTest, ANamespaceThatIsNoneIsNotAskedFor) {
  for (const char* name : {"default/connections/two?x=", "../../default", "UPPER"}) {
    namespace_ = name;
    EXPECT_EQ(get_now("connections"), 2) << name;
    EXPECT_THAT(err_.str(), HasSubstr("allowed are lower case letters, digits and '-'"));
  }
  EXPECT_THAT(requests_, ::testing::IsEmpty());
}

TEST_F(CliClusterTest, PassesTheFlagsOnAndReadsNoSecret) {
  given_ = {"/x", "c"};
  ASSERT_EQ(get_now(""), 0);
  EXPECT_EQ(flags_.kubeconfig, "/x");
  EXPECT_EQ(flags_.context, "c");
  EXPECT_EQ(requests_.size(), 5u);
  for (const std::string& path : requests_) EXPECT_THAT(path, ::testing::Not(HasSubstr("secrets")));
}

TEST_F(CliClusterTest, AFlagOfAClusterBeatsTheEnvironmentsFolders) {
  setenv("HAWSER_MANIFESTS", "/nowhere", 1);
  setenv("HAWSER_STATUS", "/nowhere", 1);
  EXPECT_EQ(get_now("connections"), 1);
  given_.context = "c";
  EXPECT_EQ(get_now("connections"), 0) << err_.str();
  unsetenv("HAWSER_MANIFESTS");
  unsetenv("HAWSER_STATUS");
}

TEST_F(CliClusterTest, SaysWhatTheServerSays) {
  status_ = 404;
  EXPECT_EQ(get_now("connections"), 1);
  EXPECT_THAT(err_.str(), HasSubstr("does not know connections.hawser.dev; are the CRDs installed?"));
  status_ = 403;
  body_ = R"({"kind":"Status","message":"you may not"})";
  EXPECT_EQ(get_now("connections"), 1);
  EXPECT_EQ(err_.str(), "hawser: GET " + kBase + "default/connections: you may not\n");
}

TEST_F(CliClusterTest, TellsAnObjectThatItCannotRead) {
  lists_["ipsecpolicies"][0]["spec"]["dhGroup"] = "DHGroup99";
  lists_["ipsecpolicies"][0]["spec"]["saLifeTimeSeconds"] = "long";
  EXPECT_EQ(get_now("ipsecpolicies"), 0);
  EXPECT_THAT(err_.str(), HasSubstr("saLifeTimeSeconds"));
}

TEST_F(CliClusterTest, ReadsALongListInPages) {
  std::string next = "abc=";
  GetOptions options;
  options.kind = "ipsecpolicies";
  std::vector<std::string> targets;
  options.open = [&](const ClusterFlags&) -> Result<Cluster> {
    auto transport = std::make_unique<testing::ScriptedTransport>();
    transport->on_send = [&](const kube::HttpRequest& request) -> Result<kube::HttpResponse> {
      targets.push_back(request.path);
      Json list = list_of(targets.size() == 1 ? lists_["ipsecpolicies"] : Json::array());
      if (targets.size() == 1) list["metadata"]["continue"] = next;
      return kube::HttpResponse{200, {}, list.dump()};
    };
    return Cluster{std::move(transport), kube::no_credentials(), "default"};
  };
  ASSERT_EQ(get(options, kNow, out_, err_), 0) << err_.str();
  ASSERT_EQ(targets.size(), 2u);
  EXPECT_THAT(targets[1], HasSubstr("limit=500&continue=abc%3D"));
  EXPECT_THAT(out_.str(), HasSubstr("ipsecpolicy6"));
}

TEST_F(CliClusterTest, ShowsThePolicyThatTheStatusSaysIsInForce) {
  set_status(store::full_status());
  ASSERT_EQ(show_now("vnet1tosite6"), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("SALifeTimeSeconds : 14400\nSADataSizeKilobytes : 102400000\n"));
  EXPECT_EQ(requests_.size(), 1u);
}

TEST_F(CliClusterTest, ComputesThePolicyWhenNoStatusSaysIt) {
  ASSERT_EQ(show_now("vnet1tosite6"), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("IkeIntegrity : SHA1\nDhGroup : DHGroup14\nPfsGroup : None\n"));
  EXPECT_EQ(show_now("nothing"), 1);
  EXPECT_THAT(err_.str(), HasSubstr("Connection default/nothing is not in the cluster"));
}

TEST(OpenCluster, SaysWhereItLooked) {
  auto opened = open_cluster({.kubeconfig = "/no/such/kubeconfig", .context = ""});
  ASSERT_FALSE(opened.has_value());
  EXPECT_THAT(opened.error().message,
              HasSubstr("/no/such/kubeconfig; give --kubeconfig FILE, or --manifests DIR"));
}

}  // namespace
}  // namespace hawser::cli
