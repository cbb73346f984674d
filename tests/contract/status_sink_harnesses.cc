#include <filesystem>

#include "operator/api/codec.h"
#include "operator/cluster/api_statuses.h"
#include "operator/store/status_folder.h"
#include "tests/contract/status_sink_contract.h"
#include "tests/support/pki/temp_dir.h"
#include "tests/unit/operator/cluster/status_server.h"

namespace hawser::store {
namespace {

class FolderHarness final : public StatusSinkHarness {
 public:
  StatusSink& sink() override { return *folder_; }
  api::ObjectMeta create(const api::ObjectKey& key) override {
    return folder_->assign(key, "digest", WallTime{});
  }
  void destroy(const api::ObjectKey&) override {}
  void settle() override {
    // A file that is written anew is another file.
    for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_.path())) {
      if (!entry.is_regular_file() || entry.path().filename().string().front() == '.') continue;
      const auto time = entry.last_write_time();
      if (seen_[entry.path()] != time) ++writes_;
      seen_[entry.path()] = time;
    }
  }
  void reopen() override {
    folder_.reset();
    folder_ = StatusFolder::open(dir_.path()).value();
  }
  size_t writes() const override { return writes_; }

 private:
  testing::TempDir dir_;
  std::unique_ptr<StatusFolder> folder_ = StatusFolder::open(dir_.path()).value();
  std::map<std::string, std::filesystem::file_time_type> seen_;
  size_t writes_ = 0;
};

class ApiHarness final : public StatusSinkHarness {
 public:
  StatusSink& sink() override { return *statuses_; }
  api::ObjectMeta create(const api::ObjectKey& key) override {
    server_.put(path_of(key), nullptr);
    keys_.insert(key);
    tell();
    api::ObjectMeta meta;
    meta.namespace_ = key.namespace_;
    meta.name = key.name;
    meta.uid = "u-" + key.name;
    return meta;
  }
  void destroy(const api::ObjectKey& key) override {
    server_.stored.erase(path_of(key));
    keys_.erase(key);
    statuses_->gone(key);
  }
  void settle() override {
    while (!statuses_->idle()) {
      now_ += std::chrono::seconds(1);
      server_.step(now_);
      statuses_->step(now_);
    }
    tell();
  }
  void reopen() override {
    statuses_ = std::make_unique<cluster::ApiStatuses>(server_);
    tell();
  }
  size_t writes() const override { return server_.asked.size(); }

 private:
  static std::string path_of(const api::ObjectKey& key) {
    return "/apis/hawser.dev/v1alpha1/namespaces/" + key.namespace_ + "/" +
           std::string(api::row(key.kind).plural) + "/" + key.name + "/status";
  }
  // As the reflectors do.
  void tell() {
    for (const api::ObjectKey& key : keys_) {
      const auto& stored = server_.stored.at(path_of(key));
      statuses_->saw(key, stored.resource_version, stored.status);
    }
  }
  TimePoint now_{std::chrono::seconds(1000)};
  cluster::StatusServer server_;
  std::set<api::ObjectKey> keys_;
  std::unique_ptr<cluster::ApiStatuses> statuses_ = std::make_unique<cluster::ApiStatuses>(server_);
};

}  // namespace

std::unique_ptr<StatusSinkHarness> make_folder_sink_harness() { return std::make_unique<FolderHarness>(); }
std::unique_ptr<StatusSinkHarness> make_api_sink_harness() { return std::make_unique<ApiHarness>(); }

}  // namespace hawser::store
