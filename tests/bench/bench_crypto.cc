#include <benchmark/benchmark.h>

#include <array>

#include "sidecar/crypto/key_exchange.h"
#include "sidecar/esp/inbound_sa.h"
#include "sidecar/esp/outbound_sa.h"

// ESP of one packet of 1400 octets for each suite, and Diffie-Hellman for each group. On one core; the ratio
// of two rows is what lasts, not the nanoseconds of a machine.
namespace {

using namespace hawser;  // NOLINT(google-build-using-namespace)

constexpr size_t kInner = 1400;
constexpr sa::Spi kSpi{0xc0ffee01};

const crypto::Context& context() {
  static const auto kContext = crypto::Context::system().value();
  return *kContext;
}

sa::ChildKeys keys_for(const sa::ChildSuite& suite) {
  return {SecretBytes(Bytes(suite.encryption->key_material_size(), 1)),
          SecretBytes(Bytes(suite.integrity != nullptr ? suite.integrity->key_size : 0, 2))};
}

Bytes inner_packet() {
  Bytes out(kInner, 0x61);
  out[0] = 0x45;
  store_be16(&out[2], kInner);
  return out;
}

void count_octets(benchmark::State& state) {
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * static_cast<int64_t>(kInner));
}

void seal(benchmark::State& state, sa::ChildSuite suite) {
  auto sa = esp::OutboundSa::create(context(), suite, keys_for(suite), kSpi).value();
  crypto::SeededRandom random(
      1);  // as cheap as a data plane's buffered one; a call of OpenSSL's costs 700 ns
  Bytes inner = inner_packet();
  Bytes out(sa.sealed_size(inner.size()));
  for (auto _ : state) benchmark::DoNotOptimize(sa.seal(inner, out, random).has_value());
  count_octets(state);
}

void open(benchmark::State& state, sa::ChildSuite suite) {
  auto outbound = esp::OutboundSa::create(context(), suite, keys_for(suite), kSpi).value();
  auto inbound = esp::InboundSa::create(context(), suite, keys_for(suite), kSpi).value();
  crypto::SeededRandom random(
      1);  // as cheap as a data plane's buffered one; a call of OpenSSL's costs 700 ns
  Bytes inner = inner_packet();
  std::array<Bytes, 256> packets;
  size_t next = packets.size();
  for (auto _ : state) {
    if (next == packets.size()) {
      // A number opens once, so packets are sealed as they are used up; not timed, in batches.
      state.PauseTiming();
      for (Bytes& packet : packets) {
        packet.resize(outbound.sealed_size(inner.size()));
        if (!outbound.seal(inner, packet, random)) state.SkipWithError("cannot seal");
      }
      next = 0;
      state.ResumeTiming();
    }
    if (!inbound.open(packets[next++])) state.SkipWithError("cannot open");
  }
  count_octets(state);
}

void generate(benchmark::State& state, const catalog::GroupRow& group) {
  for (auto _ : state) benchmark::DoNotOptimize(crypto::KeyExchange::generate(context(), group).value());
}

void derive(benchmark::State& state, const catalog::GroupRow& group) {
  auto a = crypto::KeyExchange::generate(context(), group).value();
  auto b = crypto::KeyExchange::generate(context(), group).value();
  for (auto _ : state) benchmark::DoNotOptimize(a->shared_secret(b->public_value()).value());
}

void register_suite(const sa::ChildSuite& suite) {
  std::string name(suite.encryption->name);
  if (suite.integrity != nullptr) name += "+" + std::string(suite.integrity->name);
  benchmark::RegisterBenchmark(("seal/" + name).c_str(),
                               [suite](benchmark::State& state) { seal(state, suite); });
  benchmark::RegisterBenchmark(("open/" + name).c_str(),
                               [suite](benchmark::State& state) { open(state, suite); });
}

}  // namespace

int main(int argc, char** argv) {
  for (const auto& encryption : catalog::kEncryption) {
    if (!encryption.esp) continue;
    if (encryption.aead()) register_suite({&encryption, nullptr, nullptr});
    for (const auto& integrity : catalog::kIntegrity)
      if (!encryption.aead() && integrity.esp) register_suite({&encryption, &integrity, nullptr});
  }
  for (const auto& group : catalog::kGroup) {
    std::string name(group.name);
    benchmark::RegisterBenchmark(("generate/" + name).c_str(),
                                 [&](benchmark::State& s) { generate(s, group); });
    benchmark::RegisterBenchmark(("derive/" + name).c_str(), [&](benchmark::State& s) { derive(s, group); });
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
