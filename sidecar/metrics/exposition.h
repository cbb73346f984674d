#pragma once

#include <memory>
#include <string>

#include "common/base/result.h"
#include "sidecar/status/snapshot.h"

namespace hawser::metrics {

// Serves /metrics on a port of its own. Each scrape shows the snapshot published last, whole: no series of a
// connection that is gone, no half-updated set. Scrapes run on the exposer's threads and touch nothing else
// of ours.
class Exposition {
 public:
  // `address` is HOST:PORT. Unavailable when it cannot listen there.
  static Result<std::unique_ptr<Exposition>> start(const std::string& address);
  ~Exposition();

  // From any thread.
  void publish(std::shared_ptr<const status::Snapshot> snapshot);
  // The port in use, for HOST:0.
  int port() const;

 private:
  struct Impl;
  explicit Exposition(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The text a scrape of this snapshot shows (exposition format 0.0.4).
std::string to_text(const status::Snapshot& snapshot);

}  // namespace hawser::metrics
