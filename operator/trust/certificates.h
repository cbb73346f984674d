#pragma once

#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/base/result.h"
#include "common/base/secret.h"

// X.509 as operator and sidecars need it between themselves: ECDSA P-256, PEM. No clock and no global
// generator for keys and serials: both are parameters. (The nonce inside a signature is OpenSSL's own.)
namespace hawser::trust {

// A certificate and its private key.
struct Identity {
  std::string certificate;  // PEM, one
  SecretBytes key;          // PEM, PKCS #8
  Identity clone() const { return {certificate, key.clone()}; }
};

enum class Use : uint8_t { Server, Client };

// Whom a certificate is for.
struct Subject {
  std::string dns_name;  // the only subjectAltName
  Use use = Use::Server;
};

struct CertificateFacts {
  WallTime not_before{};
  WallTime not_after{};
  std::string serial;  // hex
  std::vector<std::string> dns_names;
  bool authority = false;
};

inline constexpr Duration kAuthorityLife = std::chrono::days(3652);
inline constexpr Duration kCertificateLife = std::chrono::days(90);
// Certificates count from an hour ago: the clocks of nodes differ.
inline constexpr Duration kBackdate = std::chrono::hours(1);

// OpenSSL's generator for secrets.
class SystemRandom final : public Random {
 public:
  void fill(MutableBytesView out) override;
};

Result<Identity> make_authority(const std::string& name, WallTime now, Random& random);
Result<Identity> issue(const Identity& authority, const Subject& subject, WallTime now, Random& random);

// InvalidArgument: not exactly one certificate in PEM.
Result<CertificateFacts> read_certificate(const std::string& pem);
// InvalidArgument: one of the two cannot be read, or the key is not the certificate's.
Result<void> check_pair(const Identity& identity);
// Signed by this authority, for this subject and nobody else. Says nothing about time.
Result<void> check_issued(const std::string& certificate, const std::string& authority,
                          const Subject& subject);
// Two thirds of its life are over, or it is not valid yet.
bool due(const CertificateFacts& certificate, WallTime now);

}  // namespace hawser::trust
