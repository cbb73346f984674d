#include "tests/support/kube/model_server.h"

#include <algorithm>
#include <sstream>
#include <string_view>
#include <utility>

#include "operator/kube/json_text.h"

namespace hawser::kube {
namespace {

constexpr const char* kInitialEventsEnd = "k8s.io/initial-events-end";

uint64_t number(const std::string& text) { return text.empty() ? 0 : std::stoull(text); }

bool is_micro_time(const nlohmann::json& spec, const char* name) {
  if (!spec.contains(name) || spec[name].is_null()) return true;
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd.ddddddZ";
  const std::string text = text_at(spec, {name});
  return std::equal(text.begin(), text.end(), kShape.begin(), kShape.end(),
                    [](char c, char shape) { return shape == 'd' ? c >= '0' && c <= '9' : c == shape; });
}

// Why the real server would not take it; empty: it would.
std::string refusal(const nlohmann::json& object) {
  const std::string kind = text_at(object, {"kind"});
  const nlohmann::json spec = object.value("spec", nlohmann::json::object());
  if (kind == "Lease" && !(is_micro_time(spec, "renewTime") && is_micro_time(spec, "acquireTime")))
    return "spec: a time is no MicroTime";
  if (kind != "Event") return "";
  if (!is_micro_time(object, "eventTime") || !object.contains("eventTime")) return "eventTime: no MicroTime";
  const nlohmann::json series = object.value("series", nlohmann::json::object());
  if (!is_micro_time(series, "lastObservedTime")) return "series.lastObservedTime: no MicroTime";
  if (series.contains("count") && series["count"].get<int>() < 2) return "series.count: less than 2";
  if (text_at(object, {"note"}).size() > 1024) return "note: longer than 1,024 octets";
  for (const char* required : {"reportingController", "reportingInstance", "action", "reason", "type"})
    if (text_at(object, {required}).empty()) return std::string(required) + ": required";
  return "";
}

}  // namespace

nlohmann::json ModelServer::status(int code, const std::string& reason, const std::string& message) {
  return {{"kind", "Status"}, {"apiVersion", "v1"}, {"status", "Failure"},
          {"code", code},     {"reason", reason},   {"message", message}};
}

ModelServer::Place ModelServer::parse(const std::string& path) {
  std::vector<std::string> parts;
  std::istringstream in(path);
  for (std::string part; std::getline(in, part, '/');)
    if (!part.empty()) parts.push_back(part);
  const size_t head = parts.at(0) == "api" ? 2 : 3;
  Place place;
  for (size_t i = 0; i < head; ++i) place.resource += "/" + parts.at(i);
  size_t at = head;
  if (parts.at(at) == "namespaces" && parts.size() > at + 2) {
    place.name_space = parts[at + 1];
    at += 2;
  }
  place.resource += "/" + parts.at(at);
  if (parts.size() > at + 1) place.name = parts[at + 1];
  return place;
}

std::string ModelServer::value(const ApiRequest& request, const std::string& name) {
  for (const auto& [key, text] : request.query)
    if (key == name) return text;
  return "";
}

bool ModelServer::wants(const std::string& name_space, const std::string& name,
                        const nlohmann::json& object) {
  return (name_space.empty() || text_at(object, {"metadata", "namespace"}) == name_space) &&
         (name.empty() || text_at(object, {"metadata", "name"}) == name);
}

nlohmann::json ModelServer::store(const Place& place, nlohmann::json object) {
  auto& objects = resources_[place.resource];
  const auto old = objects.find(place.key());
  nlohmann::json& metadata = object["metadata"];
  metadata["name"] = place.name;
  if (!place.name_space.empty()) metadata["namespace"] = place.name_space;
  metadata["uid"] =
      old == objects.end() ? "uid-" + std::to_string(++uids_) : text_at(old->second, {"metadata", "uid"});
  metadata["resourceVersion"] = std::to_string(++version_);
  metadata["managedFields"] = {{{"manager", "somebody"}}};
  log_.push_back({version_, old == objects.end() ? "ADDED" : "MODIFIED", place.resource, place.name_space,
                  place.name, object});
  objects[place.key()] = object;
  return object;
}

nlohmann::json ModelServer::put(const std::string& path, nlohmann::json object) {
  return store(parse(path), std::move(object));
}

void ModelServer::erase(const std::string& path) {
  const Place place = parse(path);
  auto& objects = resources_[place.resource];
  auto old = objects.find(place.key());
  if (old == objects.end()) return;
  nlohmann::json last = std::move(old->second);
  objects.erase(old);
  last["metadata"]["resourceVersion"] = std::to_string(++version_);
  log_.push_back({version_, "DELETED", place.resource, place.name_space, place.name, std::move(last)});
}

const nlohmann::json* ModelServer::find(const std::string& path) const {
  const Place place = parse(path);
  auto objects = resources_.find(place.resource);
  if (objects == resources_.end()) return nullptr;
  auto object = objects->second.find(place.key());
  return object == objects->second.end() ? nullptr : &object->second;
}

std::map<std::string, nlohmann::json> ModelServer::objects(const std::string& collection) const {
  const Place place = parse(collection);
  std::map<std::string, nlohmann::json> found;
  if (auto objects = resources_.find(place.resource); objects != resources_.end())
    for (const auto& [key, object] : objects->second)
      if (wants(place.name_space, "", object)) found.emplace(key, object);
  return found;
}

ModelServer::Reply ModelServer::too_large(const std::string& asked) const {
  Reply reply{504, status(504, "Timeout", "Too large resource version: " + asked)};
  reply.body["details"] = {{"causes", {{{"reason", "ResourceVersionTooLarge"}}}}, {"retryAfterSeconds", 1}};
  return reply;
}

ModelServer::Reply ModelServer::handle(const ApiRequest& request) {
  Place place = parse(request.path);
  if (request.method != HttpMethod::Get) return write(request, std::move(place));
  if (place.name.empty()) return list(request, place);
  const nlohmann::json* object = find(request.path);
  if (!object) return {404, status(404, "NotFound", place.name + " not found")};
  return {200, *object};
}

ModelServer::Reply ModelServer::list(const ApiRequest& request, const Place& place) const {
  const std::string asked = value(request, "resourceVersion"), from = value(request, "continue");
  if (number(asked) > version_) return too_large(asked);
  uint64_t version = version_;
  std::string after;
  if (!from.empty()) {
    version = number(from.substr(0, from.find(':')));
    after = from.substr(from.find(':') + 1);
    // This model keeps one state only: a page of an older one is as good as compacted.
    if (version != version_ || version < compacted_)
      return {410, status(410, "Expired", "The continue token is too old")};
  }
  const size_t limit =
      value(request, "limit").empty() ? SIZE_MAX : std::min<size_t>(page, number(value(request, "limit")));
  const std::string selector = value(request, "fieldSelector");
  const std::string name = selector.empty() ? "" : selector.substr(selector.find('=') + 1);
  Reply reply;
  reply.body = {{"kind", "ThingList"},
                {"apiVersion", "hawser.dev/v1alpha1"},
                {"items", nlohmann::json::array()},
                {"metadata", {{"resourceVersion", std::to_string(version)}}}};
  auto objects = resources_.find(place.resource);
  if (objects == resources_.end()) return reply;
  for (auto it = objects->second.upper_bound(after); it != objects->second.end(); ++it) {
    if (!wants(place.name_space, name, it->second)) continue;
    if (reply.body["items"].size() == limit) {
      reply.body["metadata"]["continue"] = std::to_string(version) + ":" + after;
      break;
    }
    reply.body["items"].push_back(it->second);
    after = it->first;
  }
  return reply;
}

ModelServer::Reply ModelServer::write(const ApiRequest& request, Place place) {
  nlohmann::json object = nlohmann::json::parse(request.body);
  if (request.method == HttpMethod::Post) place.name = text_at(object, {"metadata", "name"});
  auto& objects = resources_[place.resource];
  auto old = objects.find(place.key());
  if (request.method == HttpMethod::Post && old != objects.end())
    return {409, status(409, "AlreadyExists", place.name + " already exists")};
  if (request.method != HttpMethod::Post && old == objects.end())
    return {404, status(404, "NotFound", place.name + " not found")};
  if (request.method == HttpMethod::Patch) {
    nlohmann::json patched = old->second;
    patched.merge_patch(object);
    object = std::move(patched);
  }
  const std::string expected = text_at(object, {"metadata", "resourceVersion"});
  if (request.method == HttpMethod::Put && !expected.empty() &&
      expected != text_at(old->second, {"metadata", "resourceVersion"}))
    return {409, status(409, "Conflict", "the object has been modified")};
  if (const std::string why = refusal(object); !why.empty()) return {422, status(422, "Invalid", why)};
  return {request.method == HttpMethod::Post ? 201 : 200, store(place, std::move(object))};
}

void ModelServer::add_all(Cursor& cursor) {
  for (const auto& [key, object] : resources_[cursor.resource])
    if (wants(cursor.name_space, cursor.name, object))
      cursor.first.push_back({{"type", "ADDED"}, {"object", object}});
}

std::optional<ModelServer::Reply> ModelServer::open(const ApiRequest& request, Cursor& cursor) {
  const Place place = parse(request.path);
  const std::string asked = value(request, "resourceVersion"), selector = value(request, "fieldSelector");
  cursor.resource = place.resource;
  cursor.name_space = place.name_space;
  cursor.name = selector.empty() ? "" : selector.substr(selector.find('=') + 1);
  cursor.position = version_;
  if (number(asked) > version_) return too_large(asked);
  if (value(request, "sendInitialEvents") == "true") {
    if (!streaming_list)
      return Reply{422,
                   status(422, "Invalid", "sendInitialEvents: Forbidden: the WatchList feature gate is off")};
    add_all(cursor);
    nlohmann::json end = {{"metadata", {{"resourceVersion", std::to_string(version_)}}}};
    end["metadata"]["annotations"][kInitialEventsEnd] = "true";
    cursor.first.push_back({{"type", "BOOKMARK"}, {"object", end}});
    return std::nullopt;
  }
  if (number(asked) == 0) {  // from what there is now
    add_all(cursor);
    return std::nullopt;
  }
  cursor.position = number(asked);
  if (cursor.position < compacted_) {
    cursor.first.push_back(
        {{"type", "ERROR"}, {"object", status(410, "Expired", "too old resource version")}});
    cursor.closed = true;
  }
  return std::nullopt;
}

std::vector<nlohmann::json> ModelServer::pull(Cursor& cursor, size_t limit) {
  std::vector<nlohmann::json> events;
  while (events.size() < limit && !cursor.first.empty()) {
    events.push_back(std::move(cursor.first.front()));
    cursor.first.pop_front();
  }
  if (cursor.closed || events.size() == limit) return events;
  auto next = std::upper_bound(log_.begin(), log_.end(), cursor.position,
                               [](uint64_t version, const Happening& h) { return version < h.version; });
  for (; next != log_.end() && events.size() < limit; ++next) {
    cursor.position = next->version;
    if (next->resource == cursor.resource && wants(cursor.name_space, cursor.name, next->object))
      events.push_back({{"type", next->type}, {"object", next->object}});
  }
  return events;
}

std::optional<nlohmann::json> ModelServer::bookmark(const Cursor& cursor) const {
  if (!cursor.first.empty() || cursor.closed) return std::nullopt;
  const bool behind =
      cursor.position < version_ && std::any_of(log_.begin(), log_.end(), [&](const Happening& h) {
        return h.version > cursor.position && h.resource == cursor.resource;
      });
  if (behind) return std::nullopt;
  return nlohmann::json{{"type", "BOOKMARK"},
                        {"object", {{"metadata", {{"resourceVersion", std::to_string(version_)}}}}}};
}

}  // namespace hawser::kube
