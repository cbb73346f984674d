#include <cstdlib>
#include <new>

// Counts every C++ allocation of the program it is linked into; a file of its own, so that the compiler does
// not see through `new` and take the pair for mismatched. What OpenSSL takes with malloc is not counted
// (sidecar/crypto/README.md, Decisions).
size_t allocations = 0;

void* operator new(size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
