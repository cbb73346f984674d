#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "sidecar/status/snapshot.h"

namespace hawser::metrics {

// All rows of the table for one snapshot, in the table's order. Pure.
std::vector<prometheus::MetricFamily> collect(const status::Snapshot& snapshot);

}  // namespace hawser::metrics
