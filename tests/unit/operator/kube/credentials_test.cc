#include "operator/kube/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/pki/temp_dir.h"

namespace hawser::kube {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

SecretBytes secret(std::string_view text) {
  return SecretBytes(BytesView(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

std::string shown(Credentials& credentials, Duration at) {
  auto header = credentials.authorization(TimePoint(at));
  return header ? *header : "error: " + header.error().message;
}

TEST(Credentials, ShowFixedHeaders) {
  EXPECT_EQ(shown(*no_credentials(), 0s), "");
  EXPECT_EQ(shown(*bearer_token(secret("abc")), 0s), "Bearer abc");
  EXPECT_EQ(shown(*basic_auth("Aladdin", secret("open sesame")), 0s), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(shown(*basic_auth("a", secret("b")), 0s), "Basic YTpi");
  EXPECT_EQ(shown(*basic_auth("a", secret("bc")), 0s), "Basic YTpiYw==");
}

class TokenFileTest : public ::testing::Test {
 protected:
  testing::TempDir dir_;
  std::string path_ = dir_.write("token", "one\n");
  std::unique_ptr<Credentials> credentials_ = token_file(path_);
};

TEST_F(TokenFileTest, IsReadAgainTenSecondsBeforeTheMinuteIsOver) {
  EXPECT_EQ(shown(*credentials_, 100s), "Bearer one");
  dir_.write("token", "two");
  EXPECT_EQ(shown(*credentials_, 149s), "Bearer one");
  EXPECT_EQ(shown(*credentials_, 150s), "Bearer two");
}

TEST_F(TokenFileTest, KeepsItsTokenWhileTheFileCannotBeRead) {
  EXPECT_EQ(shown(*credentials_, 0s), "Bearer one");
  std::filesystem::remove(path_);
  EXPECT_EQ(shown(*credentials_, 300s), "Bearer one");
  dir_.write("token", "two");
  EXPECT_EQ(shown(*credentials_, 301s), "Bearer two");
}

TEST_F(TokenFileTest, DropsATokenThatWasRefused) {
  EXPECT_EQ(shown(*credentials_, 100s), "Bearer one");
  dir_.write("token", "two");
  credentials_->refused(TimePoint(101s));
  EXPECT_EQ(shown(*credentials_, 102s), "Bearer two");
}

TEST_F(TokenFileTest, KeepsATokenReadAfterTheRefusedRequestWasSent) {
  EXPECT_EQ(shown(*credentials_, 100s), "Bearer one");
  credentials_->refused(TimePoint(99s));
  dir_.write("token", "two");
  EXPECT_EQ(shown(*credentials_, 102s), "Bearer one");
}

TEST_F(TokenFileTest, NamesTheFileThatHoldsNoToken) {
  EXPECT_THAT(shown(*token_file("/no/such"), 0s), HasSubstr("/no/such"));
  dir_.write("token", "\n");
  EXPECT_THAT(shown(*credentials_, 0s), HasSubstr(path_));
  EXPECT_EQ(shown(*token_file("/no/such", secret("other")), 0s), "Bearer other");
}

class InCluster : public ::testing::Test {
 protected:
  Result<ClusterAccess> access() {
    return in_cluster_access({.folder = dir_.path(), .environment = [this](const char* name) {
                                auto found = environment_.find(name);
                                return found == environment_.end() ? std::nullopt
                                                                   : std::optional(found->second);
                              }});
  }
  testing::TempDir dir_;
  std::map<std::string, std::string> environment_ = {{"KUBERNETES_SERVICE_HOST", "10.96.0.1"},
                                                     {"KUBERNETES_SERVICE_PORT", "443"}};
};

TEST_F(InCluster, TakesWhatThePodIsGiven) {
  dir_.write("token", "abc");
  dir_.write("namespace", "hawser-system\n");
  auto found = access();
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_EQ(found->server, "https://10.96.0.1:443");
  EXPECT_EQ(found->namespace_, "hawser-system");
  EXPECT_EQ(found->tls.ca, dir_.file("ca.crt"));
  EXPECT_EQ(shown(*found->credentials, 0s), "Bearer abc");
}

TEST_F(InCluster, UsesTheServersNameForAnIpv6Address) {
  dir_.write("token", "abc");
  environment_["KUBERNETES_SERVICE_HOST"] = "fd00::1";
  EXPECT_EQ(access()->server, "https://kubernetes.default.svc:443");
}

TEST_F(InCluster, SaysThatThisIsNoCluster) {
  environment_.erase("KUBERNETES_SERVICE_PORT");
  auto found = access();
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, ErrorCode::NotFound);
}

TEST_F(InCluster, SaysThatThePodHasNoToken) {
  auto found = access();
  ASSERT_FALSE(found.has_value());
  EXPECT_THAT(found.error().message, HasSubstr("token"));
}

}  // namespace
}  // namespace hawser::kube
