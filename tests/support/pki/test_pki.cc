#include "tests/support/pki/test_pki.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>

namespace hawser::testing {
namespace {

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  if (extension == nullptr) std::abort();
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

X509* make_certificate(EVP_PKEY* key, const std::string& name, long serial) {
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return certificate;
}

template <typename Write>
std::string write_pem(const std::string& path, Write write) {
  FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr || write(file) != 1) std::abort();
  std::fclose(file);
  return path;
}

}  // namespace

struct TestPki::Authority {
  EVP_PKEY* key;
  X509* certificate;
};

TestPki::TestPki(const TempDir& dir, const std::string& prefix) : dir_(dir), authority_(new Authority{}) {
  authority_->key = EVP_EC_gen("P-256");
  authority_->certificate = make_certificate(authority_->key, prefix, 1);
  X509* certificate = authority_->certificate;
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(certificate, certificate, NID_subject_key_identifier, "hash");
  X509_sign(certificate, authority_->key, EVP_sha256());
  ca_file_ = write_pem(dir.file(prefix + ".crt"), [&](FILE* f) { return PEM_write_X509(f, certificate); });
}

TestPki::~TestPki() {
  X509_free(authority_->certificate);
  EVP_PKEY_free(authority_->key);
  delete authority_;
}

CertificateFiles TestPki::issue(const std::string& name, const std::string& alt_names) const {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = make_certificate(key, name, 2);
  X509_set_issuer_name(certificate, X509_get_subject_name(authority_->certificate));
  add_extension(certificate, authority_->certificate, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate, authority_->certificate, NID_ext_key_usage, "serverAuth,clientAuth");
  add_extension(certificate, authority_->certificate, NID_subject_alt_name, alt_names);
  X509_sign(certificate, authority_->key, EVP_sha256());
  CertificateFiles files;
  files.certificate =
      write_pem(dir_.file(name + ".crt"), [&](FILE* f) { return PEM_write_X509(f, certificate); });
  files.key = write_pem(dir_.file(name + ".key"), [&](FILE* f) {
    return PEM_write_PrivateKey(f, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
  X509_free(certificate);
  EVP_PKEY_free(key);
  return files;
}

}  // namespace hawser::testing
