#include "operator/controller/decide.h"

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/pki/temp_dir.h"
#include "tests/unit/operator/controller/scenario.h"

namespace hawser::controller {
namespace {

const std::string kFolder = std::string(HAWSER_SOURCE_DIR) + "/tests/unit/operator/controller/cases";

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder))
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem());
  std::ranges::sort(names);
  return names;
}

class Decide : public ::testing::TestWithParam<std::string> {};

// A step shows only the statuses that it changed. HAWSER_WRITE_GOLDEN=1 writes the answers anew; read the
// diff.
TEST_P(Decide, SaysWhatTheCaseSays) {
  Scenario scenario(std::string(HAWSER_SOURCE_DIR) + "/examples");
  const std::string decided = scenario.play(YAML::LoadFile(kFolder + "/" + GetParam() + ".yaml"));
  const std::string answer = kFolder + "/" + GetParam() + ".txt";
  if (std::getenv("HAWSER_WRITE_GOLDEN") != nullptr) std::ofstream(answer) << decided;
  EXPECT_EQ(decided, testing::read_file(answer));
}

INSTANTIATE_TEST_SUITE_P(Cases, Decide, ::testing::ValuesIn(case_names()),
                         [](const auto& one) { return one.param; });

TEST(DecideCases, AreThere) { EXPECT_GE(case_names().size(), 8u); }

}  // namespace
}  // namespace hawser::controller
