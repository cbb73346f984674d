#include "sidecar/agent/key_export.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace hawser::agent {
namespace {

Result<dataplane::UniqueFd> open_file(const std::string& path) {
  dataplane::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (fd) return fd;
  return Error{ErrorCode::InvalidArgument,
               "--insecure-export-keys: cannot write '" + path + "': " + std::strerror(errno)};
}

// One write a line: two processes may append to the same file.
void append_line(const dataplane::UniqueFd& fd, const std::string& line) {
  [[maybe_unused]] auto written = write(fd.get(), line.data(), line.size());
}

std::string spi_hex(uint64_t value, size_t octets) {
  Bytes out(octets);
  for (size_t i = 0; i < octets; ++i) out[i] = static_cast<uint8_t>(value >> (8 * (octets - 1 - i)));
  return to_hex(out);
}

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }
std::string key_text(const SecretBytes& key) {
  return key.empty() ? "\"\"" : "\"0x" + to_hex(key.view()) + '"';
}

// Addresses stay open: behind a NAT the capture sees others than we do, and an SPI names the SA well enough.
std::string esp_line(const sa::ChildSaSpec& child, sa::Spi spi, const sa::ChildKeys& keys) {
  const auto& suite = child.suite;
  const std::string_view authentication =
      suite.integrity != nullptr ? suite.integrity->wireshark_esp : std::string_view("NULL");
  return quoted(child.local.address.is_v4() ? "IPv4" : "IPv6") + ",\"*\",\"*\",\"0x" + spi_hex(spi.value, 4) +
         "\"," + quoted(suite.encryption->wireshark_esp) + ',' + key_text(keys.encryption) + ',' +
         quoted(authentication) + ',' + key_text(keys.integrity) + '\n';
}

}  // namespace

std::string ike_line(const ike::IkeKeysDerived& keys) {
  const auto& suite = keys.suite;
  return spi_hex(keys.initiator_spi.value, 8) + ',' + spi_hex(keys.responder_spi.value, 8) + ',' +
         to_hex(keys.sk_ei.view()) + ',' + to_hex(keys.sk_er.view()) + ',' +
         quoted(suite.encryption->wireshark_ike) + ',' + to_hex(keys.sk_ai.view()) + ',' +
         to_hex(keys.sk_ar.view()) + ',' + quoted(suite.integrity->wireshark_ike) + '\n';
}

std::string esp_lines(const sa::ChildSaSpec& child) {
  return esp_line(child, child.inbound_spi, child.inbound_keys) +
         esp_line(child, child.outbound_spi, child.outbound_keys);
}

Result<std::unique_ptr<KeyExport>> KeyExport::open(const std::string& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  std::unique_ptr<KeyExport> out(new KeyExport);
  ASSIGN_OR_RETURN(out->ike_, open_file(folder + "/ikev2_decryption_table"));
  ASSIGN_OR_RETURN(out->esp_, open_file(folder + "/esp_sa"));
  return out;
}

bool KeyExport::add(const ike::IkeKeysDerived& keys) {
  if (keys.suite.encryption->wireshark_ike.empty()) return false;
  auto line = ike_line(keys);
  append_line(ike_, line);
  wipe({reinterpret_cast<uint8_t*>(line.data()), line.size()});
  return true;
}

void KeyExport::add(const sa::ChildSaSpec& child) {
  auto lines = esp_lines(child);
  append_line(esp_, lines);
  wipe({reinterpret_cast<uint8_t*>(lines.data()), lines.size()});
}

}  // namespace hawser::agent
