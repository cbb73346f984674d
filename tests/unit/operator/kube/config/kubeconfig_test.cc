#include "operator/kube/config/kubeconfig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/base64.h"
#include "tests/support/pki/temp_dir.h"

namespace hawser::kube {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string data(const std::string& text) { return encode_base64(as_bytes(text)); }

// A whole file around the fields of its one cluster and one user, in flow style.
std::string config(const std::string& cluster, const std::string& user, const std::string& more = "") {
  return "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters:\n- name: k\n  cluster: {" + cluster +
         "}\ncontexts:\n- name: c\n  context: {cluster: k, user: u" + more +
         "}\nusers:\n- name: u\n  user: {" + user + "}\n";
}

class KubeconfigTest : public ::testing::Test {
 protected:
  Result<ClusterAccess> read(const std::string& text, const std::string& context = "") {
    return kubeconfig_access({.file = dir_.write("config", text), .context = context});
  }
  ClusterAccess good(const std::string& text, const std::string& context = "") {
    auto access = read(text, context);
    EXPECT_TRUE(access.has_value()) << access.error().message;
    return access ? std::move(access).value() : ClusterAccess{};
  }
  Error bad(const std::string& text, const std::string& context = "") {
    auto access = read(text, context);
    EXPECT_FALSE(access.has_value());
    return access ? Error{} : access.error();
  }
  static std::string shown(const ClusterAccess& access) {
    auto header = access.credentials->authorization(TimePoint{});
    return header ? *header : "error: " + header.error().message;
  }
  testing::TempDir dir_;
};

// As kind, AKS and our own test server write it.
TEST_F(KubeconfigTest, TakesInlineData) {
  const ClusterAccess access =
      good(config("server: https://127.0.0.1:6443/, certificate-authority-data: " + data("the ca"),
                  "client-certificate-data: " + data("the cert") + ", client-key-data: " + data("the key"),
                  ", namespace: team"));
  EXPECT_EQ(access.server, "https://127.0.0.1:6443");
  EXPECT_EQ(access.tls.ca_pem, "the ca");
  EXPECT_EQ(access.tls.certificate_pem, "the cert");
  EXPECT_EQ(access.tls.key_pem, SecretBytes(as_bytes("the key")));
  EXPECT_EQ(access.namespace_, "team");
  EXPECT_EQ(shown(access), "");
}

TEST_F(KubeconfigTest, PathsAreRelativeToTheirFile) {
  const ClusterAccess access =
      good(config("server: https://a, certificate-authority: pki/ca.crt",
                  "client-certificate: /abs/c.crt, client-key: c.key, tokenFile: t"));
  dir_.write("t", "from file");
  EXPECT_EQ(access.tls.ca, dir_.file("pki/ca.crt"));
  EXPECT_EQ(access.tls.certificate, "/abs/c.crt");
  EXPECT_EQ(access.tls.key, dir_.file("c.key"));
  EXPECT_EQ(shown(access), "Bearer from file");
  EXPECT_EQ(access.namespace_, "default");
}

TEST_F(KubeconfigTest, TakesATokenOrAPassword) {
  EXPECT_EQ(shown(good(config("server: https://a", "token: abc"))), "Bearer abc");
  EXPECT_EQ(shown(good(config("server: https://a", "username: a, password: b"))), "Basic YTpi");
  EXPECT_EQ(shown(good(config("server: https://a", "tokenFile: missing, token: abc"))), "Bearer abc")
      << "the token counts while the file cannot be read";
  EXPECT_THAT(bad(config("server: https://a", "username: a, password: b, token: c")).message,
              HasSubstr("user 'u' has a token and a user name"));
}

TEST_F(KubeconfigTest, SendsNoSecretInClear) {
  for (const char* user : {"token: abc", "tokenFile: t", "username: a, password: b"})
    EXPECT_THAT(
        bad(config("server: http://a", user)).message,
        HasSubstr(
            "user 'u' has a token or a password, which 'http://a' would carry in clear; write https://"));
  EXPECT_EQ(shown(good(config("server: http://a", "client-certificate: c, client-key: k"))), "");
}

TEST_F(KubeconfigTest, ShowsNoPasswordOfAUrl) {
  for (const char* server :
       {"https://admin:s3cr^t@a:6443", "http://admin:s3cr^t@a", "ftp://admin:s3cr^t@a"}) {
    const Error error = bad(config("server: '" + std::string(server) + "'", "token: abc"));
    EXPECT_THAT(error.message, HasSubstr("holds a user name or password"));
    EXPECT_THAT(error.message, ::testing::Not(HasSubstr("s3cr")));
  }
}

TEST_F(KubeconfigTest, TakesTheTlsOptions) {
  const ClusterAccess named =
      good(config("server: https://a, tls-server-name: b, certificate-authority: x", ""));
  EXPECT_EQ(named.tls.server_name, "b");
  const ClusterAccess careless = good(config("server: https://a, insecure-skip-tls-verify: true", ""));
  EXPECT_TRUE(careless.tls.insecure_skip_verify);
  EXPECT_EQ(careless.tls.ca, "");
  EXPECT_FALSE(named.tls.insecure_skip_verify);
  EXPECT_EQ(good(config("server: https://a", "")).tls.ca, "/etc/ssl/certs/ca-certificates.crt");
  EXPECT_THAT(
      bad(config("server: https://a, insecure-skip-tls-verify: true, certificate-authority: x", "")).message,
      HasSubstr("remove one of the two"));
  EXPECT_THAT(bad(config("server: https://a, insecure-skip-tls-verify: perhaps", "")).message,
              HasSubstr("must be true or false"));
}

// As EKS, GKE and OIDC log-ins write it.
TEST_F(KubeconfigTest, NamesFileEntryAndFieldOfWhatItCannotDoYet) {
  struct Case {
    std::string cluster, user, field;
  };
  const std::string server = "server: https://a";
  for (const Case& c :
       {Case{server, "exec: {command: aws}", "exec"},
        Case{server, "auth-provider: {name: oidc}", "auth-provider"},
        Case{server, "as: admin, token: x", "as"}, Case{server, "as-groups: [a]", "as-groups"},
        Case{server + ", proxy-url: 'http://p:1'", "token: x", "proxy-url"}}) {
    const Error error = bad(config(c.cluster, c.user));
    EXPECT_EQ(error.code, ErrorCode::Unsupported) << c.field;
    EXPECT_THAT(error.message, AllOf(HasSubstr(dir_.file("config") + ":"),
                                     HasSubstr(c.field == "proxy-url" ? "cluster 'k'" : "user 'u'"),
                                     HasSubstr("'" + c.field + "' is not supported yet")));
  }
}

TEST_F(KubeconfigTest, ChoosesTheContext) {
  const std::string text = config("server: https://a", "token: one") + "- name: v\n  user: {token: two}\n";
  std::string two = text;
  two.replace(two.find("contexts:\n"), 10,
              "contexts:\n- name: d\n  context: {cluster: k, user: v, namespace: n}\n");
  EXPECT_EQ(shown(good(two)), "Bearer one");
  const ClusterAccess other = good(two, "d");
  EXPECT_EQ(shown(other), "Bearer two");
  EXPECT_EQ(other.namespace_, "n");
  EXPECT_THAT(other.origin, HasSubstr("context 'd'"));
  EXPECT_THAT(bad(two, "e").message, HasSubstr("there is no context 'e'; there are c, d"));
}

TEST_F(KubeconfigTest, MergesAListAndTheFirstWins) {
  const std::string first = dir_.write("first", "users:\n- name: u\n  user: {token: first}\n");
  const std::string second = dir_.write("second", config("server: https://second", "token: second"));
  auto environment = [&](const char* name) -> std::optional<std::string> {
    if (std::string(name) != "KUBECONFIG") return std::nullopt;
    return first + ":/no/such/file::" + second;
  };
  auto access = kubeconfig_access({.environment = environment});
  ASSERT_TRUE(access.has_value()) << access.error().message;
  EXPECT_EQ(access->server, "https://second");
  EXPECT_EQ(shown(*access), "Bearer first");
}

TEST_F(KubeconfigTest, LooksInTheHomeFolder) {
  auto environment = [](const char* name) -> std::optional<std::string> {
    return std::string(name) == "HOME" ? std::optional<std::string>("/no/home") : std::nullopt;
  };
  auto access = kubeconfig_access({.environment = environment});
  ASSERT_FALSE(access.has_value());
  EXPECT_EQ(access.error().code, ErrorCode::NotFound);
  EXPECT_THAT(access.error().message, HasSubstr("/no/home/.kube/config"));
}

TEST_F(KubeconfigTest, AFieldOfTheWrongTypeIsNotTakenForAbsent) {
  for (const char* cluster : {"server: [https://a]", "server: https://a, certificate-authority-data: [x]",
                              "server: https://a, tls-server-name: {a: b}"})
    EXPECT_THAT(bad(config(cluster, "")).message, HasSubstr("must be text, not a list or a map")) << cluster;
  for (const char* user : {"token: {a: b}", "client-certificate-data: [x]", "password: [x]", "tokenFile: {}"})
    EXPECT_THAT(bad(config("server: https://a", user)).message,
                HasSubstr("must be text, not a list or a map"))
        << user;
}

TEST_F(KubeconfigTest, TheSchemeIsReadInAnyCase) {
  EXPECT_THAT(bad(config("server: 'HTTP://a'", "token: t")).message, HasSubstr("in clear"));
  const ClusterAccess access = good(config("server: 'HTTPS://Host.Example:6443'", "token: t"));
  EXPECT_EQ(access.server, "https://Host.Example:6443");
  EXPECT_EQ(access.tls.ca, "/etc/ssl/certs/ca-certificates.crt");
}

TEST_F(KubeconfigTest, NamesThePlaceOfWhatIsWrong) {
  const std::string file = dir_.file("config");
  EXPECT_THAT(bad("a: [").message, HasSubstr(file + ":"));
  EXPECT_THAT(bad("just text").message, HasSubstr(file + ":1:1: not a kubeconfig"));
  EXPECT_THAT(bad("clusters: 7").message, HasSubstr(file + ":1:11: 'clusters' must be a list"));
  EXPECT_THAT(bad("clusters:\n- cluster: {}\n").message, HasSubstr("without a name"));
  EXPECT_THAT(bad("kind: Config\n").message, HasSubstr("has no contexts"));
  EXPECT_THAT(bad("contexts:\n- name: a\n- name: b\n").message,
              HasSubstr(file + ": no current-context; give --context: a, b"));
  EXPECT_THAT(bad("current-context: x\n").message, HasSubstr(file + ":1:18: there is no context 'x'"));
  EXPECT_THAT(bad(config("", "")).message, HasSubstr("cluster 'k' has no server"));
  EXPECT_THAT(bad(config("server: https://a", "client-key-data: '***'")).message,
              HasSubstr("'client-key-data' is not base64"));
  EXPECT_THAT(bad(config("server: https://a, server: https://b", "")).message,
              HasSubstr("stands here twice"));
}

TEST_F(KubeconfigTest, NeverRepeatsASecret) {
  EXPECT_THAT(bad(config("server: https://a", "client-key-data: canary!, token: [x]")).message,
              ::testing::Not(HasSubstr("canary")));
}

}  // namespace
}  // namespace hawser::kube
