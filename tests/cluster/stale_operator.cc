// An operator that wants nothing at all, of whatever epoch it is told: says Hello and, without waiting for an
// answer, a DesiredState without entries, which would remove every connection. Prints how that went:
//
//   stale_operator SOCKET EPOCH
//
//   acked yes|no           whether the sidecar took the DesiredState
//   code NUMBER            how the stream ended, a grpc::StatusCode; 1 (cancelled, by us) after an Ack
//   message TEXT
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "hawser/v1/sidecar.grpc.pb.h"

namespace {

using namespace hawser;

int run(const std::string& socket, uint64_t epoch) {
  auto stub =
      v1::SidecarService::NewStub(grpc::CreateChannel("unix:" + socket, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  auto stream = stub->Sync(&context);
  v1::OperatorMessage hello, desired;
  hello.mutable_hello()->set_version("test");
  hello.mutable_hello()->set_epoch(epoch);
  hello.mutable_hello()->set_identity("stale-operator");
  desired.mutable_desired_state()->set_epoch(epoch);
  desired.mutable_desired_state()->set_generation(1);
  // Refused or not shows in how the stream ends.
  if (stream->Write(hello)) stream->Write(desired);
  bool acked = false;
  for (v1::SidecarMessage message; !acked && stream->Read(&message);) acked = message.has_ack();
  if (acked) context.TryCancel();
  const grpc::Status status = stream->Finish();
  std::printf("acked %s\ncode %d\nmessage %s\n", acked ? "yes" : "no", static_cast<int>(status.error_code()),
              status.error_message().c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: stale_operator SOCKET EPOCH\n");
    return 2;
  }
  return run(argv[1], std::strtoull(argv[2], nullptr, 10));
}
