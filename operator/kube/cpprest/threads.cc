#include "operator/kube/cpprest/threads.h"

// Boost 1.74 uses std::exchange without its header.
#include <utility>
//
#include <pplx/threadpool.h>

#include <stdexcept>

namespace hawser::kube {

void limit_http_threads(int count) {
  try {
    crossplat::threadpool::initialize_with_threads(static_cast<size_t>(count));
  } catch (const std::exception&) {
    // The pool runs already; its size is a matter of footprint alone.
  }
}

}  // namespace hawser::kube
