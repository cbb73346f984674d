#include "operator/kube/event_object.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "common/base/check.h"
#include "operator/kube/micro_time.h"

namespace hawser::kube {
namespace {

constexpr size_t kNameLimit = 253, kInstanceLimit = 128;
constexpr const char* kReplacement = "\xEF\xBF\xBD";

// Length of the character of UTF-8 that begins at `at`; 0: there is none.
size_t character_at(const std::string& text, size_t at) {
  const auto octet = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char lead = octet(0);
  const size_t length = lead < 0x80                   ? 1
                        : lead >= 0xC2 && lead < 0xE0 ? 2
                        : lead >= 0xE0 && lead < 0xF0 ? 3
                                                      : 4;
  if (lead >= 0x80 && (lead < 0xC2 || lead > 0xF4)) return 0;
  if (at + length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i)
    if ((octet(i) & 0xC0) != 0x80) return 0;
  // Longer than need be, surrogates, and beyond the last character.
  if ((lead == 0xE0 && octet(1) < 0xA0) || (lead == 0xED && octet(1) > 0x9F) ||
      (lead == 0xF0 && octet(1) < 0x90) || (lead == 0xF4 && octet(1) > 0x8F))
    return 0;
  return length;
}

nlohmann::json series_of(const EventState& event) {
  return {{"count", event.count}, {"lastObservedTime", format_micro_time(event.last)}};
}

}  // namespace

std::string clean_text(const std::string& text, size_t limit) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t length = character_at(text, at);
    const auto octet = static_cast<unsigned char>(text[at]);
    const std::string next = length == 0                     ? kReplacement
                             : octet < 0x20 || octet == 0x7F ? " "
                                                             : text.substr(at, length);
    if (out.size() + next.size() > limit) break;
    out += next;
    at += length == 0 ? 1 : length;
  }
  return out;
}

std::string event_name(const std::string& object, uint64_t stamp) {
  char suffix[24];
  std::snprintf(suffix, sizeof suffix, ".%llx", static_cast<unsigned long long>(stamp));
  return object.substr(0, kNameLimit - std::string(suffix).size()) + suffix;
}

std::string events_path(const ObjectReference& regarding) {
  return "/apis/events.k8s.io/v1/namespaces/" +
         (regarding.namespace_.empty() ? "default" : regarding.namespace_) + "/events";
}

std::string event_body(const EventState& event, const std::string& controller, const std::string& instance) {
  const ObjectReference& object = event.note.regarding;
  nlohmann::json regarding = {
      {"apiVersion", object.api_version}, {"kind", object.kind}, {"name", object.name}};
  if (!object.namespace_.empty()) regarding["namespace"] = object.namespace_;
  if (!object.uid.empty()) regarding["uid"] = object.uid;
  if (!object.resource_version.empty()) regarding["resourceVersion"] = object.resource_version;
  nlohmann::json body = {
      {"apiVersion", "events.k8s.io/v1"},
      {"kind", "Event"},
      {"metadata",
       {{"name", event.name}, {"namespace", object.namespace_.empty() ? "default" : object.namespace_}}},
      {"eventTime", format_micro_time(event.first)},
      {"reportingController", controller},
      {"reportingInstance", clean_text(instance, kInstanceLimit)},
      {"action", event.note.action},
      {"reason", event.note.reason},
      {"type", event.note.warning ? "Warning" : "Normal"},
      {"note", event.note.note},
      {"regarding", std::move(regarding)},
  };
  if (event.count > 1) body["series"] = series_of(event);
  return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string series_patch(const EventState& event) {
  CHECK(event.count > 1);
  return nlohmann::json{{"series", series_of(event)}}.dump();
}

}  // namespace hawser::kube
