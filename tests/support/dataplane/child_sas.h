#pragma once

#include <vector>

#include "sidecar/sa/child_sa_spec.h"

namespace hawser::support {

// The 21 suites Azure's policies allow for ESP, PFS None.
std::vector<sa::ChildSuite> all_child_suites();
// "AES256-SHA1", "GCMAES128-GCMAES128"; letters, digits and '-' only.
std::string suite_name(const sa::ChildSuite& suite);
sa::ChildSuite default_child_suite();  // GCMAES256

// Keys that follow from `seed`: the same seed on both sides, with the directions swapped, makes a working
// pair.
sa::ChildKeys fixed_keys(const sa::ChildSuite& suite, uint8_t seed);

struct Ends {
  SocketAddress left, right;
  sa::Encapsulation encapsulation = sa::Encapsulation::Udp;
};
// What IKE would install on the left side; SPIs are 0x1000 * n + 1 inbound and + 2 outbound. Selectors are
// any to any, both versions.
sa::ChildSaSpec left_spec(const sa::ConnectionName& connection, const sa::ChildSuite& suite, uint8_t n,
                          const Ends& ends);
// The other side of left_spec with the same n.
sa::ChildSaSpec right_spec(const sa::ConnectionName& connection, const sa::ChildSuite& suite, uint8_t n,
                           const Ends& ends);
// ChildSaSpec does not copy by itself, for the keys.
sa::ChildSaSpec clone(const sa::ChildSaSpec& spec);

}  // namespace hawser::support
