#pragma once

#include <memory>

namespace hawser {

// Owner of an object of a C library, by the library's own free function: CPtr<X509, &X509_free>.
template <auto kFree>
struct FreeWith {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
template <typename T, auto kFree>
using CPtr = std::unique_ptr<T, FreeWith<kFree>>;

}  // namespace hawser
