// What AsmJit calls where it finds a mistake, in place of the library's own: that file of Debian's
// libasmjit.a reads stderr as only programs can, and with it no shared object could be linked.
#include <asmjit/core.h>

#include <cstdio>

#include "runtime/base/check.h"

// By qualified names: the namespace lies in an inline one, which compilers do not reopen alike.
namespace asmjit {

const char* DebugUtils::errorAsString(Error error) noexcept {
  switch (error) {
    case kErrorOk:
      return "no error";
    case kErrorOutOfMemory:
      return "out of memory";
    case kErrorInvalidInstruction:
      return "no such instruction";
    case kErrorInvalidImmediate:
      return "a constant does not fit";
    case kErrorInvalidDisplacement:
      return "a distance does not fit";
    case kErrorInvalidPhysId:
      return "no such register there";
    case kErrorInvalidAddress:
    case kErrorInvalidAddressIndex:
    case kErrorInvalidAddressScale:
      return "no such address";
    default:
      return "another; see asmjit/core/globals.h";
  }
}

void DebugUtils::debugOutput(const char* text) noexcept { std::fputs(text, stderr); }

void DebugUtils::assertionFailed(const char* file, int line, const char* condition) noexcept {
  smf::check_failed(condition, file, line);
}

}  // namespace asmjit
