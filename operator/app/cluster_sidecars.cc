#include "operator/app/cluster_sidecars.h"

#include <algorithm>
#include <utility>

namespace hawser::app {

using store::Notice;

ClusterSidecars::ClusterSidecars(kube::Client& client, const cluster::SidecarDirectory::Options& options,
                                 Jitter& jitter)
    : directory_(client, options, jitter),
      trust_(client, {.namespace_ = options.namespace_}, *slot_, random_) {}

void ClusterSidecars::step(store::Now now, bool acting) {
  changed_ = directory_.step(now.monotonic) || changed_;
  tell("sidecars", directory_.trouble(), told_directory_);
  if (!acting) return;
  trust_.step(now.monotonic, now.wall);
  // Before the first answer there is nothing to tell.
  if (trust_.settled()) tell("certificates of the sidecars", trust_.trouble(), told_trust_);
}

void ClusterSidecars::tell(const std::string& what, const std::string& trouble, std::string& told) {
  if (trouble == told) return;
  told = trouble;
  notices_.push_back(trouble.empty() ? Notice{Notice::Level::Info, what + ": in order again"}
                                     : Notice{Notice::Level::Warning, what + ": " + trouble});
}

std::string ClusterSidecars::lasting_trouble(TimePoint now) const {
  const auto since = trust_.trouble_since();
  if (!since || now - *since < std::chrono::minutes(1)) return {};
  return "the certificates of the sidecars: " + trust_.trouble();
}

std::optional<TimePoint> ClusterSidecars::next_deadline(bool acting) const {
  auto next = directory_.next_deadline();
  if (!acting) return next;
  const auto trust = trust_.next_deadline();
  return !next || (trust && *trust < *next) ? trust : next;
}

std::optional<std::vector<sidecars::SidecarNode>> ClusterSidecars::take_nodes(TimePoint now) {
  if (!std::exchange(changed_, false)) return std::nullopt;
  return directory_.nodes(now);
}

}  // namespace hawser::app
