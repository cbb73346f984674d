#include "tests/contract/data_plane_contract.h"

namespace hawser::dataplane {

INSTANTIATE_TEST_SUITE_P(Implementations, DataPlaneContract,
                         ::testing::Values(HarnessFactory{"Recording", make_recording_harness},
                                           HarnessFactory{"UserSpace", make_user_space_harness}),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace hawser::dataplane
