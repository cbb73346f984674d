// The Client over the real transport, one request from the command line:
//
//     kube_probe KUBECONFIG CONTEXT get TARGET
//     kube_probe KUBECONFIG CONTEXT apply TARGET   < object
//     kube_probe KUBECONFIG CONTEXT watch TARGET
//
// TARGET is "PATH" or "PATH?name=value&…" (not escaped). KUBECONFIG "in-cluster": what a pod has, from the
// environment, with the folder of the service account as CONTEXT. Prints a line of JSON for an answer and
// for each piece of a watch; a watch goes on until it ends or standard input does.
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstring>
#include <iostream>
#include <iterator>

#include "operator/kube/api_client.h"
#include "operator/kube/config/kubeconfig.h"
#include "operator/kube/cpprest/cpprest_transport.h"
#include "operator/kube/cpprest/threads.h"

namespace hawser::kube {
namespace {

using Json = nlohmann::json;

Json to_json(const std::optional<ApiError>& error) {
  if (!error) return nullptr;
  Json causes = Json::array();
  for (const auto& cause : error->causes)
    causes.push_back({{"reason", cause.reason}, {"field", cause.field}, {"message", cause.message}});
  return {{"code", error->code}, {"reason", error->reason}, {"message", error->message}, {"causes", causes}};
}

void print(const Json& line) { std::cout << line.dump() << std::endl; }

ApiRequest parse_target(const std::string& target) {
  ApiRequest request;
  const size_t question = target.find('?');
  request.path = target.substr(0, question);
  for (size_t at = question; at != std::string::npos;) {
    const size_t end = target.find('&', at + 1);
    const std::string pair = target.substr(at + 1, end == std::string::npos ? end : end - at - 1);
    const size_t equals = pair.find('=');
    request.query.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
    at = end;
  }
  return request;
}

// True when standard input ended.
bool wait(const Client& client, const Clock& clock, int bell, bool watch_input) {
  int timeout = -1;
  if (auto next = client.next_deadline()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - clock.now());
    timeout = static_cast<int>(std::max<int64_t>(0, left.count()));
  }
  pollfd files[] = {{bell, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
  poll(files, watch_input ? 2 : 1, timeout);
  uint64_t count = 0;
  if ((files[0].revents & POLLIN) != 0 && read(bell, &count, sizeof count) < 0) std::abort();
  char octet = 0;
  return watch_input && files[1].revents != 0 && read(STDIN_FILENO, &octet, 1) == 0;
}

int run(HttpTransport& transport, Credentials& credentials, const std::string& verb,
        const std::string& target) {
  const SystemClock clock;
  const int bell = eventfd(0, EFD_CLOEXEC);
  auto client = make_client(transport, credentials, {.user_agent = user_agent("kube_probe", "1")}, [bell] {
    const uint64_t one = 1;
    if (write(bell, &one, sizeof one) < 0) std::abort();
  });
  bool over = false;
  std::unique_ptr<Client::Call> call;
  ApiRequest request = parse_target(target);
  if (verb == "watch") {
    call = client->watch(std::move(request), [&](WatchPiece piece) {
      print({{"events", piece.events}, {"end", piece.end}, {"error", to_json(piece.error)}});
      over = piece.end;
    });
  } else {
    if (verb == "apply") {
      request.method = HttpMethod::Patch;
      request.content_type = "application/apply-patch+yaml";
      request.body.assign(std::istreambuf_iterator<char>(std::cin), {});
    }
    call = client->call(std::move(request), [&](ApiAnswer answer) {
      print({{"error", to_json(answer.error)}, {"body", std::move(answer.body)}});
      over = true;
    });
  }
  bool input_ended = false;
  while (!over && !input_ended) {
    client->step(clock.now());
    if (!over) input_ended = wait(*client, clock, bell, verb == "watch");
  }
  for (const std::string& warning : client->take_warnings()) std::cerr << "warning: " << warning << "\n";
  call.reset();
  client.reset();
  close(bell);
  return 0;
}

int main(const std::string& kubeconfig, const std::string& context, const std::string& verb,
         const std::string& target) {
  limit_http_threads(4);
  auto access = kubeconfig == "in-cluster" ? in_cluster_access({.folder = context})
                                           : kubeconfig_access({.file = kubeconfig, .context = context});
  if (!access) {
    std::cerr << access.error().message << "\n";
    return 2;
  }
  auto transport = CpprestTransport::create(access->server, std::move(access->tls));
  if (!transport) {
    std::cerr << transport.error().message << "\n";
    return 2;
  }
  return run(**transport, *access->credentials, verb, target);
}

}  // namespace
}  // namespace hawser::kube

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "kube_probe KUBECONFIG CONTEXT get|apply|watch TARGET\n";
    return 2;
  }
  return hawser::kube::main(argv[1], argv[2], argv[3], argv[4]);
}
