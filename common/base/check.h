#pragma once

// CHECK(condition) states what our own code guarantees; a failure is a bug of ours and aborts the process.
// Never use it for anything that a peer, a manifest, an RPC or the kernel can influence: that is a Result.
namespace hawser {
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}  // namespace hawser

#define CHECK(condition)                                      \
  do {                                                        \
    if (!(condition)) [[unlikely]]                            \
      ::hawser::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)
