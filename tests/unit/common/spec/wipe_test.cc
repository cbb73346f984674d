#include "common/spec/wipe.h"

#include <gtest/gtest.h>

namespace hawser::spec {
namespace {

TEST(WipeKeys, OverwritesAndClearsEveryKeyAndNothingElse) {
  v1::DesiredState state;
  auto& spec = *state.add_entries()->mutable_spec();
  spec.set_remote_address("198.51.100.2");
  // Too long for the string's own room: its memory stays readable after clear().
  spec.set_shared_key(std::string(100, 'k'));
  const char* memory = spec.shared_key().data();
  state.add_entries()->mutable_hold();
  wipe_keys(state);
  EXPECT_EQ(spec.shared_key(), "");
  EXPECT_EQ(spec.shared_key().data(), memory);
  EXPECT_EQ(memory[50], '\0');
  EXPECT_EQ(spec.remote_address(), "198.51.100.2");
  EXPECT_FALSE(state.entries(1).has_spec());
}

}  // namespace
}  // namespace hawser::spec
