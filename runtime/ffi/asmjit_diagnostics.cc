// AsmJit's diagnostics within the shared library.
//
// Debian's libasmjit.a is made for programs. All of it can be linked into a shared library as well,
// but for one object: it reaches the C library's `stderr` directly, which only a program may do. It
// has these three functions and nothing else; made here, they are found before the library is
// looked at, which then leaves its own out. Rejected: AsmJit compiled anew for one library.
#include <asmjit/core/globals.h>

#include <cstdio>
#include <cstdlib>

const char* asmjit::DebugUtils::errorAsString(asmjit::Error error) noexcept {
  static thread_local char text[32];
  std::snprintf(text, sizeof text, "AsmJit's error %u", error);
  return text;
}

void asmjit::DebugUtils::debugOutput(const char* text) noexcept { std::fputs(text, stderr); }

void asmjit::DebugUtils::assertionFailed(const char* file, int line, const char* message) noexcept {
  std::fprintf(stderr, "%s:%d: AsmJit's assertion failed: %s\n", file, line, message);
  std::abort();
}
