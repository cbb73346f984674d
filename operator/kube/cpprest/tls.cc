#include "operator/kube/cpprest/tls.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <memory>

namespace hawser::kube {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

// OpenSSL would ask on the terminal for a key's passphrase.
int no_passphrase(char*, int, int, void*) { return 0; }

Bio memory(const void* data, size_t size) {
  return {BIO_new_mem_buf(data, static_cast<int>(size)), BIO_free};
}

Certificate next_certificate(BIO* from) {
  return {PEM_read_bio_X509(from, nullptr, nullptr, nullptr), X509_free};
}

// False when there is no certificate to trust.
bool trust(SSL_CTX* context, const TlsFiles& tls) {
  // The library has loaded the system's trust store: a certificate of any public CA would do.
  X509_STORE* store = X509_STORE_new();
  SSL_CTX_set_cert_store(context, store);
  // As Go does: what stands in the bundle is trusted, also an intermediate without its root.
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  if (tls.ca_pem.empty()) return !tls.ca.empty() && SSL_CTX_load_verify_file(context, tls.ca.c_str()) == 1;
  Bio text = memory(tls.ca_pem.data(), tls.ca_pem.size());
  bool any = false;
  while (Certificate authority = next_certificate(text.get()))
    any |= X509_STORE_add_cert(store, authority.get()) == 1;
  return any;
}

bool show_certificate(SSL_CTX* context, const TlsFiles& tls) {
  if (tls.certificate_pem.empty())
    return SSL_CTX_use_certificate_chain_file(context, tls.certificate.c_str()) == 1;
  Bio text = memory(tls.certificate_pem.data(), tls.certificate_pem.size());
  Certificate own = next_certificate(text.get());
  if (!own || SSL_CTX_use_certificate(context, own.get()) != 1) return false;
  while (Certificate above = next_certificate(text.get())) SSL_CTX_add1_chain_cert(context, above.get());
  return true;
}

// False also when it is not the key of the certificate shown before.
bool show_key(SSL_CTX* context, const TlsFiles& tls) {
  if (tls.key_pem.empty())
    return SSL_CTX_use_PrivateKey_file(context, tls.key.c_str(), SSL_FILETYPE_PEM) == 1;
  Bio text = memory(tls.key_pem.view().data(), tls.key_pem.size());
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(text.get(), nullptr, no_passphrase, nullptr), EVP_PKEY_free);
  return key && SSL_CTX_use_PrivateKey(context, key.get()) == 1;
}

void show(SSL_CTX* context, const TlsFiles& tls) {
  if (tls.certificate.empty() && tls.certificate_pem.empty()) return;
  if (show_certificate(context, tls)) show_key(context, tls);
}

void expect_name(SSL_CTX* context, const std::string& name) {
  X509_VERIFY_PARAM* parameters = SSL_CTX_get0_param(context);
  if (X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str()) == 1) return;
  X509_VERIFY_PARAM_set1_host(parameters, name.c_str(), name.size());
}

// One of the three that TlsFiles holds, as people know it.
struct Part {
  const char* what;
  const char* field;  // of a kubeconfig
  const std::string& file;
  bool in_memory;
  bool given() const { return in_memory || !file.empty(); }
  std::string name() const {
    return std::string("the ") + what + " (" + (in_memory ? std::string(field) : "'" + file + "'") + ")";
  }
};

Error wrong(std::string message) { return {ErrorCode::InvalidArgument, std::move(message)}; }

}  // namespace

Result<void> check_tls(const TlsFiles& tls) {
  const Part authority{"certificate authority", "certificate-authority-data", tls.ca, !tls.ca_pem.empty()};
  const Part certificate{"client certificate", "client-certificate-data", tls.certificate,
                         !tls.certificate_pem.empty()};
  const Part key{"client key", "client-key-data", tls.key, !tls.key_pem.empty()};
  for (const Part* part : {&authority, &certificate, &key})
    if (!part->in_memory && !part->file.empty() && access(part->file.c_str(), R_OK) != 0)
      return wrong("cannot read the TLS file '" + part->file + "'");
  if (certificate.given() != key.given())
    return wrong("a client certificate needs its key, and a key its certificate");
  const Context context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (!context) return Error{ErrorCode::Unavailable, "OpenSSL has no memory for TLS"};
  SSL_CTX_set_default_passwd_cb(context.get(), no_passphrase);
  if (authority.given() && !trust(context.get(), tls))
    return wrong(authority.name() + " holds no certificate in PEM");
  if (!certificate.given()) return {};
  if (!show_certificate(context.get(), tls))
    return wrong(certificate.name() + " holds no certificate in PEM");
  if (!show_key(context.get(), tls))
    return wrong(key.name() + " is no private key in PEM that belongs to the client certificate");
  return {};
}

// The library's own check knows no name but the Host header or the host of the URL, and no IPv6 address. So
// the chain and the name are checked by OpenSSL here and that check is left out.
int TlsSetup::verify(X509_STORE_CTX* store, void* self) {
  X509_STORE_CTX_set_verify_cb(store, [](int ok, X509_STORE_CTX*) { return ok; });
  const int trusted = X509_verify_cert(store);
  auto* setup = static_cast<TlsSetup*>(self);
  std::lock_guard lock(setup->mutex_);
  setup->refusal_ = trusted == 1 ? "" : X509_verify_cert_error_string(X509_STORE_CTX_get_error(store));
  return trusted;
}

std::string TlsSetup::refusal() const {
  std::lock_guard lock(mutex_);
  return refusal_;
}

void TlsSetup::prepare(SSL_CTX* context) {
  {
    // It was that of another connection.
    std::lock_guard lock(mutex_);
    refusal_.clear();
  }
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_default_passwd_cb(context, no_passphrase);
  trust(context, tls_);
  show(context, tls_);
  if (tls_.insecure_skip_verify) return;
  expect_name(context, tls_.server_name.empty() ? host_ : tls_.server_name);
  SSL_CTX_set_cert_verify_callback(context, verify, this);
}

}  // namespace hawser::kube
