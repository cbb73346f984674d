#include <array>

#include "common/base/check.h"
#include "sidecar/esp/inbound_sa.h"
#include "sidecar/esp/inner_header.h"
#include "sidecar/esp/layout.h"

namespace {

using namespace hawser;  // NOLINT(google-build-using-namespace)

constexpr sa::Spi kSpi{0xc0ffee01};

// One of each kind: AEAD, a block of 16, a block of 8, no encryption.
sa::ChildSuite suite(uint8_t choice) {
  static constexpr std::array<std::string_view, 4> kEncryption = {"GCMAES256", "AES128", "DES", "None"};
  const auto* encryption = catalog::find_esp_encryption(kEncryption[choice % kEncryption.size()]);
  return {encryption, encryption->aead() ? nullptr : catalog::find_esp_integrity("SHA256"), nullptr};
}

sa::ChildKeys keys_of(const sa::ChildSuite& suite) {
  return {SecretBytes(Bytes(suite.encryption->key_material_size(), 1)),
          SecretBytes(Bytes(suite.integrity != nullptr ? suite.integrity->key_size : 0, 2))};
}

void check_opened(MutableBytesView packet, const esp::Outcome<MutableBytesView, esp::OpenError>& opened) {
  if (!opened) return;
  CHECK(opened->data() >= packet.data() && opened->data() + opened->size() <= packet.data() + packet.size());
  auto header = esp::InnerHeader::parse(*opened);
  CHECK(header && header->total_length == opened->size());
}

// What a stranger sends: the octets as they are.
void open_as_it_is(const crypto::Context& context, const sa::ChildSuite& suite, BytesView input) {
  auto sa = esp::InboundSa::create(context, suite, keys_of(suite), kSpi).value();
  Bytes packet(input.begin(), input.end());
  if (packet.size() >= 4) store_be32(packet.data(), kSpi.value);
  const Bytes before = packet;
  auto opened = sa.open(packet);
  CHECK(!opened && opened.error() != esp::OpenError::Dummy);  // nobody guesses an ICV
  CHECK(sa.window().highest() == 0 && packet == before);
}

// What an authenticated peer sends: the octets are the decrypted text.
void open_authentic(const crypto::Context& context, const sa::ChildSuite& suite, BytesView input) {
  auto keys = keys_of(suite);
  auto transform = crypto::Transform::create(context, *suite.encryption, suite.integrity,
                                             keys.encryption.view(), keys.integrity.view())
                       .value();
  Bytes packet(esp::kHeaderSize + transform->iv_size());
  store_be32(packet.data(), kSpi.value);
  store_be32(packet.data() + 4, 1);
  append(packet, input.first(input.size() - input.size() % transform->block_size()));
  packet.resize(packet.size() + transform->icv_size());
  crypto::SeededRandom random(1);
  MutableBytesView view(packet);
  transform->seal(view.first(esp::kHeaderSize), view.subspan(esp::kHeaderSize), 1, random);
  auto sa = esp::InboundSa::create(context, suite, keys, kSpi).value();
  check_opened(view, sa.open(view));
}

}  // namespace

// First octet: suite and who sends. The rest: the packet, or what is inside.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto context = hawser::crypto::Context::system().value();
  if (size == 0) return 0;
  BytesView input(data + 1, size - 1);
  if ((data[0] & 0x80) == 0)
    open_as_it_is(*context, suite(data[0]), input);
  else
    open_authentic(*context, suite(data[0]), input);
  return 0;
}
