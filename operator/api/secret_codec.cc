#include "operator/api/secret_codec.h"

#include <array>

#include "common/base/base64.h"
#include "common/base/bytes.h"
#include "operator/api/text.h"

namespace hawser::api {
namespace {

constexpr std::string_view kSecretFields[] = {"apiVersion", "kind",      "metadata", "data",
                                              "stringData", "immutable", "type"};

using Decode = bool (*)(std::string_view, SecretBytes&);

void read_values(const YamlNode& node, std::string_view field, Decode decode, const char* allowed,
                 ReadContext& context, SecretData& out) {
  const YamlNode* map = node.find(field);
  if (map == nullptr || map->is_null()) return;
  context.record(field, *map);
  if (!map->is_map()) return context.error(*map, field, "allowed: a map of keys to values; correct it");
  for (size_t i = 0; i + 1 < map->children.size(); i += 2) {
    const YamlNode& key = *map->children[i];
    const YamlNode& value = *map->children[i + 1];
    if (!key.is_scalar()) continue;  // check_tree has said so
    const std::string path = std::string(field) + "." + key.text;
    context.record(path, value);
    SecretBytes bytes;
    if (!value.is_scalar() && !value.is_null()) {
      context.error(value, path, std::string("is a list or a map; allowed: ") + allowed + "; correct it");
    } else if (value.is_scalar() && !decode(value.text, bytes)) {
      context.error(value, path,
                    std::string("its value cannot be read; allowed: ") + allowed + "; correct it");
    } else {
      out.values.insert_or_assign(key.text, std::move(bytes));
    }
  }
}

}  // namespace

std::span<const std::string_view> secret_fields() { return kSecretFields; }

void read_secret(const YamlNode& node, ReadContext& context, SecretData& out) {
  read_values(node, "data", decode_base64, "base64 with padding (or use stringData for plain text)", context,
              out);
  read_values(
      node, "stringData",
      [](std::string_view text, SecretBytes& bytes) {
        bytes = SecretBytes(as_bytes(text));
        return true;
      },
      "text", context, out);
}

std::string fingerprint(const SecretData& data) {
  // FNV-1a, twice with different offsets: 128 bits are enough to see an edit; nobody chooses values to
  // collide.
  std::array<uint64_t, 2> state = {0xcbf29ce484222325ULL, 0x6c62272e07bb0142ULL};
  auto mix = [&](BytesView bytes) {
    const uint64_t size = bytes.size();
    for (auto& s : state) {
      for (size_t i = 0; i < 8; ++i) s = (s ^ (size >> (8 * i) & 0xff)) * 0x100000001b3ULL;
      for (uint8_t octet : bytes) s = (s ^ octet) * 0x100000001b3ULL;
    }
  };
  for (const auto& [key, value] : data.values) {
    mix(as_bytes(key));
    mix(value.view());
  }
  Bytes out(16);
  store_be64(out.data(), state[0]);
  store_be64(out.data() + 8, state[1]);
  return to_hex(out);
}

}  // namespace hawser::api
