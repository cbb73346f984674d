#include "sidecar/crypto/transform.h"

#include <string>

#include "sidecar/crypto/cipher.h"

namespace hawser::crypto {
namespace {

Error wrong_key(std::string_view row, size_t has, size_t wants) {
  return {ErrorCode::InvalidArgument, "a key of " + std::string(row) + " has " + std::to_string(wants) +
                                          " octets, not " + std::to_string(has)};
}

}  // namespace

CipherCtxPtr keyed_cipher(const Context& context, const catalog::EncryptionRow& encryption, BytesView key,
                          bool encrypt) {
  std::string properties = "provider=" + std::string(encryption.openssl_provider);
  CipherPtr cipher(
      EVP_CIPHER_fetch(lib_ctx(context), std::string(encryption.openssl_name).c_str(), properties.c_str()));
  CipherCtxPtr out(cipher ? EVP_CIPHER_CTX_new() : nullptr);
  if (!out ||
      EVP_CipherInit_ex2(out.get(), cipher.get(), key.data(), nullptr, encrypt ? 1 : 0, nullptr) != 1 ||
      EVP_CIPHER_CTX_set_padding(out.get(), 0) != 1)
    return nullptr;
  return out;
}

Result<std::unique_ptr<Transform>> Transform::create(const Context& context,
                                                     const catalog::EncryptionRow& encryption,
                                                     const catalog::IntegrityRow* integrity,
                                                     BytesView encryption_key, BytesView integrity_key) {
  if (encryption.aead() != (integrity == nullptr))
    return Error{ErrorCode::InvalidArgument,
                 std::string(encryption.name) +
                     (encryption.aead() ? " brings its own integrity" : " needs an integrity")};
  if (encryption_key.size() != encryption.key_material_size())
    return wrong_key(encryption.name, encryption_key.size(), encryption.key_material_size());
  size_t wanted = integrity != nullptr ? integrity->key_size : 0;
  if (integrity_key.size() != wanted)
    return wrong_key(integrity != nullptr ? integrity->name : encryption.name, integrity_key.size(), wanted);
  if (encryption.aead()) return create_gcm(context, encryption, encryption_key);
  ASSIGN_OR_RETURN(Hmac hmac, Hmac::create(context, *integrity, integrity_key));
  if (encryption.kind == catalog::EncryptionKind::Null)
    return create_null(std::move(hmac), integrity->icv_size);
  return create_cbc(context, encryption, encryption_key, std::move(hmac), integrity->icv_size);
}

}  // namespace hawser::crypto
