#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "operator/kube/client.h"

namespace hawser::kube {

// An API server in memory: objects with resource versions, list (also in pages), watch, streaming list,
// compaction, optimistic concurrency. What the real one refuses of ours, it refuses too (MicroTime, note
// lengths). Sends nothing by itself.
class ModelServer {
 public:
  struct Reply {
    int status = 200;
    nlohmann::json body;
  };
  // A watch from the server's side.
  struct Cursor {
    std::string resource, name_space, name;
    uint64_t position = 0;
    std::deque<nlohmann::json> first;  // events that come before those of the log
    bool closed = false;
  };

  bool streaming_list = true;
  size_t page = 500;  // at most that many items a page, when the client asks for pages

  // The hand of a user. `path` is of an object, "/apis/g/v/namespaces/a/connections/b".
  nlohmann::json put(const std::string& path, nlohmann::json object);
  void erase(const std::string& path);
  const nlohmann::json* find(const std::string& path) const;
  // Watches and pages from before now get 410.
  void compact() { compacted_ = version_; }
  uint64_t version() const { return version_; }
  // By "namespace/name".
  std::map<std::string, nlohmann::json> objects(const std::string& collection) const;

  Reply handle(const ApiRequest& request);
  // The refusal, or `cursor` is open.
  std::optional<Reply> open(const ApiRequest& request, Cursor& cursor);
  // What has happened since; at most `limit` events.
  std::vector<nlohmann::json> pull(Cursor& cursor, size_t limit);
  // nullopt while the cursor is behind.
  std::optional<nlohmann::json> bookmark(const Cursor& cursor) const;

  static nlohmann::json status(int code, const std::string& reason, const std::string& message);

 private:
  struct Place {
    std::string resource;  // "/apis/g/v/connections"
    std::string name_space, name;
    std::string key() const { return name_space.empty() ? name : name_space + "/" + name; }
  };
  struct Happening {
    uint64_t version;
    std::string type, resource, name_space, name;
    nlohmann::json object;
  };
  static Place parse(const std::string& path);
  static std::string value(const ApiRequest& request, const std::string& name);
  static bool wants(const std::string& name_space, const std::string& name, const nlohmann::json& object);
  nlohmann::json store(const Place& place, nlohmann::json object);
  Reply list(const ApiRequest& request, const Place& place) const;
  Reply write(const ApiRequest& request, Place place);
  void add_all(Cursor& cursor);
  Reply too_large(const std::string& asked) const;

  std::map<std::string, std::map<std::string, nlohmann::json>> resources_;
  std::vector<Happening> log_;
  uint64_t version_ = 95;  // so that the number of digits changes soon
  uint64_t compacted_ = 0;
  uint64_t uids_ = 0;
};

}  // namespace hawser::kube
