// The contract once more where ThreadSanitizer can look: our own threads, no root, no TUN.
#include "tests/contract/data_plane_contract.h"

namespace hawser::dataplane {

INSTANTIATE_TEST_SUITE_P(Implementations, DataPlaneContract,
                         ::testing::Values(HarnessFactory{"Threads", make_threads_only_harness}),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace hawser::dataplane
