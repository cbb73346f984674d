#include "sidecar/agent/epoch_gate.h"

namespace hawser::agent {
namespace {

// Only the sidecars' memory knows that there was a higher one.
constexpr const char* kRemedy =
    " (if the epochs began again lower, as after a restore of etcd or a lost status folder: restart the "
    "sidecars)";

}  // namespace

EpochGate::Admission EpochGate::hello(StreamId stream, uint64_t epoch) {
  Admission out;
  if (epoch < epoch_) {
    out.admitted = Error{ErrorCode::PermissionDenied, "epoch " + std::to_string(epoch) + " is over: epoch " +
                                                          std::to_string(epoch_) + " is in force" + kRemedy};
    return out;
  }
  out.replaced = current_;
  out.replaced_by_higher = epoch > epoch_;
  out.replaced_because = out.replaced_by_higher
                             ? "epoch " + std::to_string(epoch) + " is in force"
                             : "a newer stream of epoch " + std::to_string(epoch) + " is in force";
  epoch_ = epoch;
  generation_ = 0;
  current_ = stream;
  return out;
}

Result<void> EpochGate::admits(StreamId stream, uint64_t epoch, uint64_t generation) {
  if (current_ != stream) {
    return Error{ErrorCode::PermissionDenied, "epoch " + std::to_string(epoch_) + " is in force"};
  }
  if (epoch != epoch_) {
    return Error{ErrorCode::InvalidArgument, "desired state of epoch " + std::to_string(epoch) +
                                                 " on a stream that said epoch " + std::to_string(epoch_)};
  }
  if (generation < generation_) {
    return Error{ErrorCode::InvalidArgument, "generation " + std::to_string(generation) +
                                                 " after generation " + std::to_string(generation_) +
                                                 ": it must not go back"};
  }
  generation_ = generation;
  return {};
}

void EpochGate::closed(StreamId stream) {
  if (current_ == stream) current_.reset();
}

}  // namespace hawser::agent
