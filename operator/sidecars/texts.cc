#include "operator/sidecars/texts.h"

#include <google/protobuf/descriptor.h>

#include <string_view>

namespace hawser::sidecars {
namespace {

constexpr std::string_view kCut = "…";
constexpr size_t kWord = 64;    // an algorithm, a reason, an SPI, an endpoint
constexpr size_t kName = 253;   // of an object or a field
constexpr size_t kOffer = 512;  // of the peer
constexpr size_t kSentence = 2048;

size_t limit_of(const std::string& field) {
  if (field.ends_with("message")) return kSentence;
  if (field.ends_with("offered")) return kOffer;
  if (field == "namespace" || field == "name" || field == "uid" || field == "field_path") return kName;
  return kWord;
}

bool continues_a_character(char octet) { return (static_cast<unsigned char>(octet) & 0xC0) == 0x80; }

}  // namespace

void cap_text(std::string& text, size_t limit) {
  if (text.size() <= limit) return;
  size_t size = limit - kCut.size();
  while (size > 0 && continues_a_character(text[size])) --size;
  text.resize(size);
  text += kCut;
}

void cap_texts(google::protobuf::Message& message) {
  using google::protobuf::FieldDescriptor;
  const auto* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->is_repeated()) continue;
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      cap_texts(*reflection->MutableMessage(&message, field));
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      std::string scratch;
      const size_t limit = limit_of(field->name());
      const std::string& text = reflection->GetStringReference(message, field, &scratch);
      if (text.size() <= limit) continue;
      std::string capped = text;
      cap_text(capped, limit);
      reflection->SetString(&message, field, std::move(capped));
    }
  }
}

}  // namespace hawser::sidecars
