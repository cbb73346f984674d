// Goodput of two user-space planes in two network namespaces, without IKE and without hosts behind them: what
// the data plane itself can do. Root; needs iperf3.    data_plane_bench [SECONDS]
#include <sys/resource.h>

#include <cstdlib>
#include <iostream>
#include <regex>
#include <thread>

#include "tests/support/dataplane/site.h"

namespace hawser {
namespace {

using support::TwoSites;

// Gb/s that iperf3 reports at the receiver; 0 when it failed.
double goodput(TwoSites& sites, const std::string& target, const std::string& source,
               const std::string& arguments) {
  std::thread server([&] { sites.right.ns().run("iperf3 -s -1 -B " + target + " >/dev/null"); });
  // Until it listens.
  sites.right.ns().run("for i in $(seq 200); do ss -Hltn | grep -q 5201 && break; sleep 0.01; done");
  std::string output =
      sites.left.ns().run("iperf3 -f m -c " + target + " -B " + source + " " + arguments + " || true");
  server.join();
  std::smatch match;
  std::regex line("([0-9.]+) Mbits/sec.*receiver");
  return std::regex_search(output, match, line) ? std::stod(match[1]) / 1000 : 0;
}

// Of this process, hence of both planes' workers; iperf3 is another one.
double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int run(const std::string& seconds) {
  TwoSites sites;
  auto started = sites.start();
  if (!started) {
    std::cerr << started.error().message << "\n";
    return 1;
  }
  std::cout << "plain veth: " << goodput(sites, "192.0.2.2", "192.0.2.1", "-t " + seconds) << " Gb/s\n";
  struct Row {
    const char* encryption;
    const char* integrity;
    sa::Encapsulation encapsulation;
  };
  uint8_t n = 0;
  uint64_t received = 0;
  for (const Row& row :
       {Row{"GCMAES256", nullptr, sa::Encapsulation::Udp}, Row{"GCMAES256", nullptr, sa::Encapsulation::None},
        Row{"AES256", "SHA256", sa::Encapsulation::Udp}, Row{"None", "SHA1", sa::Encapsulation::Udp}}) {
    sa::ChildSuite suite{
        .encryption = catalog::find_esp_encryption(row.encryption),
        .integrity = row.integrity != nullptr ? catalog::find_esp_integrity(row.integrity) : nullptr};
    auto installed = sites.install(suite, ++n, sites.ends(row.encapsulation));
    if (!installed) {
      std::cerr << installed.error().message << "\n";
      return 1;
    }
    double before = cpu_seconds();
    double rate = goodput(sites, "10.61.0.1", "10.11.0.1", "-t " + seconds);
    auto counters = *sites.right.plane().counters(TwoSites::kConnection);
    double gigabytes = static_cast<double>(counters.receive_bytes - received) / 1e9;
    received = counters.receive_bytes;
    std::cout << support::suite_name(suite) << " " << to_string(row.encapsulation) << ": " << rate
              << " Gb/s, " << (cpu_seconds() - before) / gigabytes << " CPU seconds a GB, both ends"
              << std::endl;
    sites.remove(n);
  }
  return 0;
}

}  // namespace
}  // namespace hawser

int main(int argc, char** argv) { return hawser::run(argc > 1 ? argv[1] : "5"); }
