#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "operator/metrics/stats.h"

namespace hawser::metrics {

// The families of contracts section 9 and, under controller-runtime's names, those that existing dashboards
// know.
std::vector<prometheus::MetricFamily> collect(const OperatorStats& stats);

}  // namespace hawser::metrics
