#pragma once

#include <cstdint>
#include <memory>

#include "common/base/random.h"
#include "common/base/result.h"

namespace hawser::crypto {

// A private OSSL_LIB_CTX with the default and legacy providers loaded. Every fetch in this folder names it.
// One for each thread that computes; owned by whoever made it, outlives everything made from it.
//
//   auto context = Context::system();          the system's generator
//   auto context = Context::seeded(7);         tests: OpenSSL's TEST-RAND fed from the seed, so that key
//                                              generation repeats byte for byte
class Context {
 public:
  static Result<std::unique_ptr<Context>> system();
  static Result<std::unique_ptr<Context>> seeded(uint64_t seed);
  virtual ~Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  // The OSSL_LIB_CTX*; opaque outside this folder.
  virtual void* native() const = 0;
  // Called in this folder before OpenSSL may draw from the context's generator: a seeded context refills it,
  // so that it never runs dry however long a simulation is.
  virtual void prepare_random() const {}

 protected:
  Context() = default;
};

// OpenSSL's CSPRNG. Thread-safe.
class SystemRandom final : public Random {
 public:
  void fill(MutableBytesView out) override;
};

// ChaCha20 key stream of a seed: for tests and simulations only.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed);
  ~SeededRandom() override;
  void fill(MutableBytesView out) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hawser::crypto
