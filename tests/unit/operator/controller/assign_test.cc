#include "operator/controller/assign.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hawser::controller {
namespace {

using ::testing::HasSubstr;

class Assign : public ::testing::Test {
 protected:
  static std::vector<sidecars::SidecarSnapshot> named(const std::vector<std::string>& names) {
    std::vector<sidecars::SidecarSnapshot> all;
    for (const std::string& name : names) all.emplace_back().name = name;
    return all;
  }
  api::VirtualNetworkGateway gateway_;
};

TEST_F(Assign, TheOnlySidecarServesEverything) {
  gateway_.spec.node_selector = {{"kubernetes.io/hostname", "elsewhere"}, {"zone", "a"}};
  const auto one = named({"a"});
  EXPECT_EQ((*assign(gateway_, one))->name, "a");
}

TEST_F(Assign, OfSeveralTheSelectedOneElseTheFirst) {
  const auto two = named({"b", "a"});
  EXPECT_EQ((*assign(gateway_, two))->name, "b");
  gateway_.spec.node_selector = {{"kubernetes.io/hostname", "a"}};
  EXPECT_EQ((*assign(gateway_, two))->name, "a");
}

TEST_F(Assign, SaysWhatIsWrongWithASelector) {
  const auto two = named({"a", "b"});
  gateway_.spec.node_selector = {{"kubernetes.io/hostname", "c"}};
  EXPECT_THAT(assign(gateway_, two).error().message,
              HasSubstr("no sidecar is named 'c'; the operator has a, b"));
  gateway_.spec.node_selector = {{"zone", "x"}};
  EXPECT_THAT(assign(gateway_, two).error().message, HasSubstr("label 'zone' is not known"));
  EXPECT_THAT(assign(gateway_, {}).error().message, HasSubstr("--sidecar"));
}

}  // namespace
}  // namespace hawser::controller
