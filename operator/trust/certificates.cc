#include "operator/trust/certificates.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <memory>

#include "common/base/c_ptr.h"
#include "common/base/check.h"

namespace hawser::trust {
namespace {

using BignumPtr = CPtr<BIGNUM, &BN_clear_free>;
using BioPtr = CPtr<BIO, &BIO_free>;
using GroupPtr = CPtr<EC_GROUP, &EC_GROUP_free>;
using PointPtr = CPtr<EC_POINT, &EC_POINT_clear_free>;
using ParamBuilderPtr = CPtr<OSSL_PARAM_BLD, &OSSL_PARAM_BLD_free>;
using ParamsPtr = CPtr<OSSL_PARAM, &OSSL_PARAM_free>;
using PkeyCtxPtr = CPtr<EVP_PKEY_CTX, &EVP_PKEY_CTX_free>;
using PkeyPtr = CPtr<EVP_PKEY, &EVP_PKEY_free>;
using X509Ptr = CPtr<X509, &X509_free>;
using NamesPtr = CPtr<GENERAL_NAMES, &GENERAL_NAMES_free>;

constexpr size_t kScalarSize = 32;
constexpr size_t kSerialSize = 16;
constexpr int kX509v3 = 2;

// Empties the thread's error queue, so that an old error does not surface in an unrelated call.
Error failed(ErrorCode code, std::string what) {
  ERR_clear_error();
  return {code, std::move(what)};
}
Error openssl_refused(const char* what) {
  return failed(ErrorCode::Internal, std::string("OpenSSL could not ") + what);
}

// Uniform in [1, order): what is outside is drawn again.
BignumPtr draw_scalar(const EC_GROUP* group, Random& random) {
  BignumPtr scalar(BN_secure_new());
  while (true) {
    SecretBytes bytes(kScalarSize);
    random.fill(bytes.mutable_view());
    BN_bin2bn(bytes.view().data(), kScalarSize, scalar.get());
    if (!BN_is_zero(scalar.get()) && BN_cmp(scalar.get(), EC_GROUP_get0_order(group)) < 0) break;
  }
  BN_set_flags(scalar.get(), BN_FLG_CONSTTIME);
  return scalar;
}

Result<PkeyPtr> make_key(Random& random) {
  GroupPtr group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  CHECK(group != nullptr);
  const BignumPtr scalar = draw_scalar(group.get(), random);
  PointPtr point(EC_POINT_new(group.get()));
  uint8_t encoded[2 * kScalarSize + 1];
  if (EC_POINT_mul(group.get(), point.get(), scalar.get(), nullptr, nullptr, nullptr) != 1 ||
      EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED, encoded, sizeof encoded,
                         nullptr) != sizeof encoded)
    return openssl_refused("compute a public key");
  ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, scalar.get());
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, encoded, sizeof encoded);
  ParamsPtr params(OSSL_PARAM_BLD_to_param(builder.get()));
  PkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  if (params == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, params.get()) != 1)
    return openssl_refused("make a key");
  return PkeyPtr(key);
}

BytesView contents(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {reinterpret_cast<const uint8_t*>(data), static_cast<size_t>(std::max(size, 0L))};
}

Result<Identity> to_pem(X509* certificate, EVP_PKEY* key) {
  BioPtr public_text(BIO_new(BIO_s_mem()));
  // Memory BIOs are wiped when they are freed.
  BioPtr secret_text(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(public_text.get(), certificate) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(secret_text.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return openssl_refused("write PEM");
  const BytesView text = contents(public_text.get());
  return Identity{std::string(text.begin(), text.end()), SecretBytes(contents(secret_text.get()))};
}

std::time_t seconds_of(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  CPtr<X509_EXTENSION, &X509_EXTENSION_free> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// Without issuer, extensions and signature.
Result<X509Ptr> make_body(EVP_PKEY* key, const std::string& name, WallTime from, WallTime to,
                          Random& random) {
  X509Ptr certificate(X509_new());
  uint8_t serial[kSerialSize];
  random.fill(serial);
  // RFC 5280, 4.1.2.2: positive and at most 20 octets.
  serial[0] = static_cast<uint8_t>((serial[0] & 0x3f) | 0x40);
  BignumPtr number(BN_bin2bn(serial, sizeof serial, nullptr));
  const bool done =
      X509_set_version(certificate.get(), kX509v3) == 1 &&
      BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get())) != nullptr &&
      ASN1_TIME_set(X509_getm_notBefore(certificate.get()), seconds_of(from)) != nullptr &&
      ASN1_TIME_set(X509_getm_notAfter(certificate.get()), seconds_of(to)) != nullptr &&
      X509_set_pubkey(certificate.get(), key) == 1 &&
      X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0) == 1;
  if (!done) return openssl_refused("make a certificate");
  return certificate;
}

Result<X509Ptr> parse_certificate(const std::string& pem) {
  BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) return failed(ErrorCode::InvalidArgument, "is not a certificate in PEM");
  X509Ptr second(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (second != nullptr) return Error{ErrorCode::InvalidArgument, "holds more than one certificate"};
  return certificate;
}

// Never asks a terminal for the passphrase of an encrypted key.
int no_passphrase(char*, int, int, void*) { return -1; }

Result<PkeyPtr> parse_key(const SecretBytes& pem) {
  BioPtr bio(BIO_new_mem_buf(pem.view().data(), static_cast<int>(pem.size())));
  PkeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_passphrase, nullptr));
  if (key == nullptr) return failed(ErrorCode::InvalidArgument, "is not a private key in PEM");
  return key;
}

Result<WallTime> to_time(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1)
    return failed(ErrorCode::InvalidArgument, "carries a time that cannot be read");
  return WallTime(std::chrono::seconds(timegm(&parts)));
}

std::vector<std::string> dns_names(X509* certificate) {
  NamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> found;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS) continue;
    found.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                       static_cast<size_t>(ASN1_STRING_length(name->d.dNSName)));
  }
  return found;
}

std::string serial_text(X509* certificate) {
  BignumPtr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  Bytes bytes(static_cast<size_t>(BN_num_bytes(number.get())));
  BN_bn2bin(number.get(), bytes.data());
  return to_hex(bytes);
}

}  // namespace

void SystemRandom::fill(MutableBytesView out) {
  CHECK(RAND_priv_bytes(out.data(), static_cast<int>(out.size())) == 1);
}

Result<Identity> make_authority(const std::string& name, WallTime now, Random& random) {
  ASSIGN_OR_RETURN(const PkeyPtr key, make_key(random));
  ASSIGN_OR_RETURN(const X509Ptr certificate,
                   make_body(key.get(), name, now - kBackdate, now + kAuthorityLife, random));
  X509* body = certificate.get();
  if (X509_set_issuer_name(body, X509_get_subject_name(body)) != 1 ||
      !add_extension(body, body, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !add_extension(body, body, NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !add_extension(body, body, NID_subject_key_identifier, "hash") ||
      X509_sign(body, key.get(), EVP_sha256()) == 0)
    return openssl_refused("sign an authority");
  return to_pem(body, key.get());
}

Result<Identity> issue(const Identity& authority, const Subject& subject, WallTime now, Random& random) {
  ASSIGN_OR_RETURN(const X509Ptr issuer, parse_certificate(authority.certificate));
  ASSIGN_OR_RETURN(const PkeyPtr issuer_key, parse_key(authority.key));
  ASSIGN_OR_RETURN(const WallTime issuer_end, to_time(X509_get0_notAfter(issuer.get())));
  ASSIGN_OR_RETURN(const PkeyPtr key, make_key(random));
  const WallTime end = std::min<WallTime>(now + kCertificateLife, issuer_end);
  ASSIGN_OR_RETURN(const X509Ptr certificate,
                   make_body(key.get(), subject.dns_name, now - kBackdate, end, random));
  X509* body = certificate.get();
  if (X509_set_issuer_name(body, X509_get_subject_name(issuer.get())) != 1 ||
      !add_extension(body, issuer.get(), NID_basic_constraints, "critical,CA:FALSE") ||
      !add_extension(body, issuer.get(), NID_key_usage, "critical,digitalSignature") ||
      !add_extension(body, issuer.get(), NID_ext_key_usage,
                     subject.use == Use::Server ? "serverAuth" : "clientAuth") ||
      !add_extension(body, issuer.get(), NID_subject_alt_name, "DNS:" + subject.dns_name) ||
      !add_extension(body, issuer.get(), NID_subject_key_identifier, "hash") ||
      !add_extension(body, issuer.get(), NID_authority_key_identifier, "keyid:always") ||
      X509_sign(body, issuer_key.get(), EVP_sha256()) == 0)
    return openssl_refused("sign a certificate");
  return to_pem(body, key.get());
}

Result<CertificateFacts> read_certificate(const std::string& pem) {
  ASSIGN_OR_RETURN(const X509Ptr certificate, parse_certificate(pem));
  CertificateFacts facts;
  ASSIGN_OR_RETURN(facts.not_before, to_time(X509_get0_notBefore(certificate.get())));
  ASSIGN_OR_RETURN(facts.not_after, to_time(X509_get0_notAfter(certificate.get())));
  facts.serial = serial_text(certificate.get());
  facts.dns_names = dns_names(certificate.get());
  facts.authority = X509_check_ca(certificate.get()) == 1;
  return facts;
}

Result<void> check_pair(const Identity& identity) {
  ASSIGN_OR_RETURN(const X509Ptr certificate, parse_certificate(identity.certificate));
  ASSIGN_OR_RETURN(const PkeyPtr key, parse_key(identity.key));
  if (X509_check_private_key(certificate.get(), key.get()) != 1)
    return failed(ErrorCode::InvalidArgument, "has a key that is not the certificate's");
  return {};
}

Result<void> check_issued(const std::string& certificate, const std::string& authority,
                          const Subject& subject) {
  ASSIGN_OR_RETURN(const X509Ptr leaf, parse_certificate(certificate));
  ASSIGN_OR_RETURN(const X509Ptr issuer, parse_certificate(authority));
  if (X509_check_issued(issuer.get(), leaf.get()) != X509_V_OK ||
      X509_verify(leaf.get(), X509_get0_pubkey(issuer.get())) != 1)
    return failed(ErrorCode::InvalidArgument, "is of another authority");
  if (dns_names(leaf.get()) != std::vector<std::string>{subject.dns_name})
    return Error{ErrorCode::InvalidArgument, "is not for " + subject.dns_name};
  const uint32_t wanted = subject.use == Use::Server ? XKU_SSL_SERVER : XKU_SSL_CLIENT;
  if (X509_get_extended_key_usage(leaf.get()) != wanted)
    return Error{ErrorCode::InvalidArgument, "is for another use"};
  return {};
}

bool due(const CertificateFacts& certificate, WallTime now) {
  const Duration life = certificate.not_after - certificate.not_before;
  return now < certificate.not_before || certificate.not_after - now <= life / 3;
}

}  // namespace hawser::trust
