#include "sidecar/agent/trigger_client.h"

#include <grpcpp/grpcpp.h>

#include "hawser/v1/sidecar.grpc.pb.h"

namespace hawser::agent {

Result<void> send_trigger(const std::string& address, const v1::TriggerRequest& request) {
  if (!address.starts_with("unix:")) {
    return Error{ErrorCode::InvalidArgument, "--sidecar '" + address + "': allowed: unix:PATH"};
  }
  auto stub = v1::SidecarService::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
  v1::TriggerResponse response;
  const auto status = stub->Trigger(&context, request, &response);
  if (status.ok()) return {};
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE &&
      status.error_message().find("connect") != std::string::npos) {
    return Error{ErrorCode::Unavailable, "no sidecar answers on " + address};
  }
  return Error{ErrorCode::Unavailable, status.error_message()};
}

}  // namespace hawser::agent
