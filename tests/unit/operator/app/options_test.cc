#include "operator/app/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace hawser::app {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> with(std::vector<std::string> more) {
  std::vector<std::string> all = {"--manifests", "m", "--status", "s", "--sidecar", "a=unix:/run/a.sock"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

TEST(Options, HaveTheDefaultsOfTheContracts) {
  auto parsed = parse_command_line(with({}));
  ASSERT_TRUE(parsed.options) << parsed.text;
  EXPECT_EQ(parsed.options->metrics->to_string(), "0.0.0.0:9449");
  EXPECT_EQ(parsed.options->health->to_string(), "0.0.0.0:9450");
  EXPECT_FALSE(parsed.options->identity.empty());
  ASSERT_EQ(parsed.options->sidecars.size(), 1u);
  EXPECT_EQ(parsed.options->sidecars[0].name, "a");
}

TEST(Options, WithoutManifestsTheyNameACluster) {
  auto parsed = parse_command_line(
      {"--kubeconfig", "k", "--context", "c", "--namespace", "hawser-system", "--watch-namespaces", "a,b"});
  ASSERT_TRUE(parsed.options) << parsed.text;
  ASSERT_TRUE(parsed.options->cluster);
  EXPECT_EQ(parsed.options->cluster->kubeconfig, "k");
  EXPECT_EQ(parsed.options->cluster->context, "c");
  EXPECT_EQ(parsed.options->cluster->namespace_, "hawser-system");
  EXPECT_THAT(parsed.options->cluster->watch_namespaces, ::testing::ElementsAre("a", "b"));
  EXPECT_TRUE(parsed.options->cluster->leader_elect);
  EXPECT_TRUE(parsed.options->sidecars.empty());
}

TEST(Options, WithoutElectionNoLeaseNeedsAPlace) {
  auto parsed = parse_command_line({"--leader-elect=false", "--sidecar", "a=unix:/x"});
  ASSERT_TRUE(parsed.options) << parsed.text;
  EXPECT_FALSE(parsed.options->cluster->leader_elect);
  parsed = parse_command_line({"--leader-elect", "--namespace", "n"});
  ASSERT_TRUE(parsed.options) << parsed.text;
  EXPECT_TRUE(parsed.options->cluster->leader_elect);
}

TEST(Options, TheSidecarsOfAClusterAreFoundUnlessTheyAreNamed) {
  auto parsed = parse_command_line({"--namespace", "n"});
  ASSERT_TRUE(parsed.options) << parsed.text;
  EXPECT_EQ(parsed.options->cluster->sidecar_selector,
            "app.kubernetes.io/name=hawser,app.kubernetes.io/component=sidecar");
  EXPECT_EQ(parsed.options->cluster->sidecar_port, 9446);
  parsed = parse_command_line({"--namespace", "n", "--sidecar-selector", "a=b", "--sidecar-port", "1"});
  EXPECT_EQ(parsed.options->cluster->sidecar_selector, "a=b");
  EXPECT_EQ(parsed.options->cluster->sidecar_port, 1);
  parsed = parse_command_line({"--namespace", "n", "--sidecar", "a=unix:/x"});
  EXPECT_EQ(parsed.options->cluster->sidecar_selector, "");
  // Without election too, they are somewhere.
  EXPECT_FALSE(parse_command_line({"--leader-elect=false"}).options);
}

TEST(Options, ListenersCanBeOff) {
  auto parsed = parse_command_line(with({"--metrics-address", "off", "--health-address", "127.0.0.1:1"}));
  ASSERT_TRUE(parsed.options) << parsed.text;
  EXPECT_FALSE(parsed.options->metrics);
  EXPECT_EQ(parsed.options->health->to_string(), "127.0.0.1:1");
}

TEST(Options, TheLastOfTwoWinsAndListsTakeAll) {
  auto parsed =
      parse_command_line({"--namespace", "a", "--namespace=b", "--sidecar-port=1", "--sidecar-port", "2",
                          "--log-level=info", "--log-level=debug", "--log-format=json", "--log-format=text",
                          "--metrics-address=off", "--metrics-address=127.0.0.1:1", "--leader-elect",
                          "--leader-elect=false", "--watch-namespaces=a,b", "--watch-namespaces=c"});
  ASSERT_TRUE(parsed.options) << parsed.text;
  EXPECT_EQ(parsed.options->cluster->namespace_, "b");
  EXPECT_EQ(parsed.options->cluster->sidecar_port, 2);
  EXPECT_EQ(parsed.options->log_level, LogLevel::Debug);
  EXPECT_EQ(parsed.options->log_format, LogFormat::Text);
  EXPECT_EQ(parsed.options->metrics->to_string(), "127.0.0.1:1");
  EXPECT_FALSE(parsed.options->cluster->leader_elect);
  EXPECT_THAT(parsed.options->cluster->watch_namespaces, ::testing::ElementsAre("a", "b", "c"));
  parsed = parse_command_line(with({"--sidecar=b=unix:/b", "--status=t"}));
  ASSERT_TRUE(parsed.options) << parsed.text;
  EXPECT_EQ(parsed.options->sidecars.size(), 2u);
  EXPECT_EQ(parsed.options->status, "t");
  // One that is wrong is refused although another follows.
  EXPECT_FALSE(parse_command_line({"--namespace=a", "--sidecar-port=0", "--sidecar-port=1"}).options);
}

TEST(Options, TheResyncPeriodIsInSecondsOrHasAUnit) {
  using std::chrono::seconds;
  EXPECT_EQ(parse_command_line(with({})).options->resync_period, seconds(36000));
  const std::pair<const char*, int> cases[] = {
      {"10", 10}, {"90s", 90}, {"5m", 300}, {"8760h", 31536000}, {"0", 0}};
  for (const auto& [text, expected] : cases) {
    auto parsed = parse_command_line(with({"--resync-period", text}));
    ASSERT_TRUE(parsed.options) << parsed.text;
    EXPECT_EQ(parsed.options->resync_period, seconds(expected)) << text;
  }
}

TEST(Options, HelpAndVersionAreNoErrors) {
  EXPECT_EQ(parse_command_line({"--help"}).exit_code, 0);
  EXPECT_THAT(parse_command_line({"--help"}).text, HasSubstr("--manifests"));
  EXPECT_THAT(parse_command_line({"--version"}).text, HasSubstr("hawser-operator 0."));
}

TEST(Options, EveryErrorIsOneLineAndExitTwo) {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{}, "--namespace is required outside of a pod"},
      {{"--manifests", "m", "--sidecar", "a=unix:/x"}, "--status is required with --manifests"},
      {{"--manifests", "m", "--status", "s"}, "--sidecar is required with --manifests"},
      {{"--status", "s"}, "--status goes with --manifests"},
      {{"--context", "c"}, "--context goes with --kubeconfig"},
      {with({"--kubeconfig", "k"}), "choose one"},
      {with({"--bogus"}), "--bogus"},
      {with({"--sidecar", "a=unix:/x"}), "the name 'a' is taken"},
      {with({"--sidecar", "b=host:9446"}), "needs --tls-cert, --tls-key and --tls-ca"},
      {with({"--sidecar", "b"}), "the form is NAME=unix:PATH or NAME=HOST:PORT"},
      {with({"--tls-ca", "/no/such"}), "cannot read the TLS file '/no/such'"},
      {with({"--metrics-address", "9449"}), "--metrics-address '9449': the form is ADDRESS:PORT"},
      {with({"--health-address", "127.0.0.1:70000"}), "--health-address"},
      {with({"--log-level", "loud"}), "--log-level 'loud': use debug, info, warning or error"},
      {with({"--log-format", "xml"}), "--log-format 'xml': use text or json"},
      {with({"--leader-elect=maybe"}), "--leader-elect: maybe: allowed: true, false"},
      {with({"--sidecar-port", "0"}), "--sidecar-port: Value 0 not in range 1 to 65535"},
      {with({"--resync-period", "5x"}), "--resync-period '5x': the form is"},
      {with({"--resync-period", "-1"}), "--resync-period '-1': the form is"},
      {with({"--resync-period", "8761h"}), "--resync-period '8761h': the form is"},
      {with({"--resync-period", ""}), "--resync-period '': the form is"},
      {with({"--resync-period", "1h30m"}), "--resync-period '1h30m': the form is"},
      {with({"--resync-period", "99999999999999999999"}), "the form is"},
      {with({"--resync-period", "h"}), "--resync-period 'h': the form is"},
  };
  for (const auto& [arguments, expected] : cases) {
    auto parsed = parse_command_line(arguments);
    EXPECT_FALSE(parsed.options) << expected;
    EXPECT_EQ(parsed.exit_code, 2);
    EXPECT_THAT(parsed.text, HasSubstr(expected));
    EXPECT_EQ(std::ranges::count(parsed.text, '\n'), 1) << parsed.text;
  }
}

}  // namespace
}  // namespace hawser::app
