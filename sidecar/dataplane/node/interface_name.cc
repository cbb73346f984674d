#include "sidecar/dataplane/node/interface_name.h"

#include "common/base/bytes.h"
#include "sidecar/crypto/prf.h"

namespace hawser::dataplane {
namespace {

constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";  // RFC 4648 6, lower case
constexpr int kCharacters = 10;

}  // namespace

std::string interface_name(const sa::ConnectionName& connection) {
  Bytes digest = crypto::sha256(as_bytes(connection));
  uint64_t bits = load_be64(digest.data());
  std::string name(kInterfacePrefix);
  for (int i = 0; i < kCharacters; ++i) name += kAlphabet[bits >> (59 - 5 * i) & 31];
  return name;
}

bool is_interface_name(std::string_view name) {
  return name.starts_with(kInterfacePrefix) && name.size() == kInterfacePrefix.size() + kCharacters &&
         name.find_first_not_of(kAlphabet, kInterfacePrefix.size()) == std::string_view::npos;
}

}  // namespace hawser::dataplane
