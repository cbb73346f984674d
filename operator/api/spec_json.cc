#include <nlohmann/json.hpp>

#include "operator/api/bindings.h"
#include "operator/api/codec.h"
#include "operator/api/secret_codec.h"

namespace hawser::api {
namespace {

using Json = nlohmann::ordered_json;

// A visitor of bindings.h: fields in the order of the bindings, so the same spec always gives the same text.
class JsonWriter {
 public:
  explicit JsonWriter(Json& out) : out_(out) { out_ = Json::object(); }

  template <typename T>
  void field(std::string_view name, const T& value) {
    out_[std::string(name)] = value;
  }
  void field(std::string_view name, const std::optional<std::string>& value) {
    if (value) out_[std::string(name)] = *value;
  }
  void field(std::string_view name, const std::map<std::string, std::string>& value) {
    if (!value.empty()) out_[std::string(name)] = value;
  }
  void optional_ref(std::string_view name, const std::optional<std::string>& ref) {
    if (ref) bind_ref(*this, name, *ref);
  }
  template <typename Body>
  void object(std::string_view name, Body body) {
    JsonWriter inner(out_[std::string(name)]);
    body(inner);
  }
  template <typename T, typename Body>
  void objects(std::string_view name, const std::vector<T>& list, Body body) {
    Json& array = out_[std::string(name)] = Json::array();
    for (const auto& entry : list) {
      Json element;
      JsonWriter inner(element);
      body(inner, entry);
      array.push_back(std::move(element));
    }
  }

 private:
  Json& out_;
};

Json spec_json(const SecretData& data) { return {{"fingerprint", fingerprint(data)}}; }

template <typename Spec>
Json spec_json(const Spec& spec) {
  Json out;
  JsonWriter writer(out);
  bind(writer, spec);
  return out;
}

}  // namespace

Json spec_to_json(const AnyObject& object) {
  return std::visit([](const auto& o) { return spec_json(o.spec); }, object);
}

}  // namespace hawser::api
