#pragma once

#include "common/base/result.h"

namespace hawser::dataplane {

// Removes everything of ours from this network namespace: first the hws* interfaces, then the rule of
// preference 18519, then the routes of table 18519. Nothing else is touched. Fine to call when nothing is
// there.
//
// Fail-closed routes go too: from then on packets to remote prefixes take the node's ordinary routes. Only
// for the `cleanup` command, never on a way out of the process.
Result<void> cleanup_node();

// Removes the rule of preference 18519 when table 18519 has no route any more: a node that carries no
// connection keeps nothing of ours. Fail-closed routes, and with them the rule, stay. For the way out of the
// process.
Result<void> remove_idle_rules();

}  // namespace hawser::dataplane
