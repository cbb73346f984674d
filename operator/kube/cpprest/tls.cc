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

Bio memory(const void* data, size_t size) {
  return {BIO_new_mem_buf(data, static_cast<int>(size)), BIO_free};
}

Certificate next_certificate(BIO* from) {
  return {PEM_read_bio_X509(from, nullptr, nullptr, nullptr), X509_free};
}

void trust(SSL_CTX* context, const TlsFiles& tls) {
  // The library has loaded the system's trust store: a certificate of any public CA would do.
  X509_STORE* store = X509_STORE_new();
  SSL_CTX_set_cert_store(context, store);
  if (tls.ca_pem.empty()) {
    if (!tls.ca.empty()) SSL_CTX_load_verify_file(context, tls.ca.c_str());
    return;
  }
  Bio text = memory(tls.ca_pem.data(), tls.ca_pem.size());
  while (Certificate authority = next_certificate(text.get())) X509_STORE_add_cert(store, authority.get());
}

void show(SSL_CTX* context, const TlsFiles& tls) {
  if (!tls.certificate_pem.empty()) {
    Bio text = memory(tls.certificate_pem.data(), tls.certificate_pem.size());
    if (Certificate own = next_certificate(text.get())) SSL_CTX_use_certificate(context, own.get());
    while (Certificate above = next_certificate(text.get())) SSL_CTX_add1_chain_cert(context, above.get());
  } else if (!tls.certificate.empty()) {
    SSL_CTX_use_certificate_chain_file(context, tls.certificate.c_str());
  }
  if (!tls.key_pem.empty()) {
    Bio text = memory(tls.key_pem.view().data(), tls.key_pem.size());
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
        PEM_read_bio_PrivateKey(text.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
    if (key) SSL_CTX_use_PrivateKey(context, key.get());
  } else if (!tls.key.empty()) {
    SSL_CTX_use_PrivateKey_file(context, tls.key.c_str(), SSL_FILETYPE_PEM);
  }
}

void expect_name(SSL_CTX* context, const std::string& name) {
  X509_VERIFY_PARAM* parameters = SSL_CTX_get0_param(context);
  if (X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str()) == 1) return;
  X509_VERIFY_PARAM_set1_host(parameters, name.c_str(), name.size());
}

bool missing(const std::string& file, const std::string& text) { return file.empty() && text.empty(); }

}  // namespace

Result<void> check_tls(const TlsFiles& tls) {
  for (const auto& [file, replaced] :
       {std::pair(&tls.ca, !tls.ca_pem.empty()), std::pair(&tls.certificate, !tls.certificate_pem.empty()),
        std::pair(&tls.key, !tls.key_pem.empty())})
    if (!replaced && !file->empty() && access(file->c_str(), R_OK) != 0)
      return Error{ErrorCode::InvalidArgument, "cannot read the TLS file '" + *file + "'"};
  if (missing(tls.certificate, tls.certificate_pem) != (tls.key.empty() && tls.key_pem.empty()))
    return Error{ErrorCode::InvalidArgument, "a client certificate needs its key, and a key its certificate"};
  if (!tls.ca_pem.empty()) {
    Bio text = memory(tls.ca_pem.data(), tls.ca_pem.size());
    if (!next_certificate(text.get()))
      return Error{ErrorCode::InvalidArgument, "the certificate authority holds no certificate in PEM"};
  }
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
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  trust(context, tls_);
  show(context, tls_);
  if (tls_.insecure_skip_verify) return;
  expect_name(context, tls_.server_name.empty() ? host_ : tls_.server_name);
  SSL_CTX_set_cert_verify_callback(context, verify, this);
}

}  // namespace hawser::kube
