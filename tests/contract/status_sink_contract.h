#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>

#include "operator/store/status_sink.h"

namespace hawser::store {

// A sink and the place where its statuses are kept.
class StatusSinkHarness {
 public:
  virtual ~StatusSinkHarness() = default;
  virtual StatusSink& sink() = 0;
  // An object comes to be; its metadata.
  virtual api::ObjectMeta create(const api::ObjectKey& key) = 0;
  // It is gone.
  virtual void destroy(const api::ObjectKey& key) = 0;
  // Until nothing is under way.
  virtual void settle() = 0;
  // Another sink over the same place, as after a restart.
  virtual void reopen() = 0;
  // How often something was written.
  virtual size_t writes() const = 0;
};

struct StatusSinkFactory {
  const char* name;
  std::function<std::unique_ptr<StatusSinkHarness>()> make;
  friend void PrintTo(const StatusSinkFactory& factory, std::ostream* out) { *out << factory.name; }
};
std::unique_ptr<StatusSinkHarness> make_folder_sink_harness();
std::unique_ptr<StatusSinkHarness> make_api_sink_harness();

// What every StatusSink must do.
class StatusSinkContract : public ::testing::TestWithParam<StatusSinkFactory> {
 protected:
  StatusSinkContract() : harness_(GetParam().make()) {}
  StatusSink& sink() { return harness_->sink(); }
  bool write(const api::ObjectKey& key, const api::ObjectMeta& meta, const api::Status& status) {
    const bool written = sink().write(key, meta, status).value();
    harness_->settle();
    return written;
  }
  std::unique_ptr<StatusSinkHarness> harness_;
};

}  // namespace hawser::store
