#pragma once

#include <string>

#include "tests/support/pki/temp_dir.h"

namespace hawser::testing {

struct CertificateFiles {
  std::string certificate;
  std::string key;
};

// A certificate authority made for one test: ECDSA P-256, valid for a day, files in PEM under `dir`.
class TestPki {
 public:
  explicit TestPki(const TempDir& dir, const std::string& prefix = "ca");
  ~TestPki();
  TestPki(const TestPki&) = delete;
  TestPki& operator=(const TestPki&) = delete;
  const std::string& ca_file() const { return ca_file_; }
  // For both server and client use. `alt_names` is OpenSSL's syntax: "DNS:node-a,IP:127.0.0.1".
  CertificateFiles issue(const std::string& name, const std::string& alt_names) const;

 private:
  struct Authority;
  const TempDir& dir_;
  Authority* authority_;
  std::string ca_file_;
};

}  // namespace hawser::testing
