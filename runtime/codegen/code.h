// Machine code as it comes from the compiler: bytes that run anywhere once addresses are filled in.
//
//   code of the functions | constants | what traps tell | addresses
//
// All in it is addressed relative to the instruction, and what lies elsewhere through a table of
// 8-byte addresses at the end: a call is `call [rip + slot]`. So there is one kind of relocation,
// no limit of 2 GiB to anything, and the same bytes can be stored in a module and used by the next
// process. A call by a 32-bit distance would be no faster: the slot is read beside the code, and
// predicted.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/codegen/lir.h"

namespace smf::codegen {

enum class Machine : std::uint8_t { kX86_64, kAArch64 };

// That this library is compiled for.
#if defined(__aarch64__)
inline constexpr Machine kThisMachine = Machine::kAArch64;
#else
inline constexpr Machine kThisMachine = Machine::kX86_64;
#endif

// 8 bytes at `offset`, a multiple of 8: the address of `symbol`.
struct Relocation {
  std::uint32_t offset = 0;
  Symbol symbol{};

  friend bool operator==(const Relocation&, const Relocation&) = default;
};

struct Entry {
  std::uint32_t offset = 0;  // a multiple of 16
  std::uint32_t size = 0;
};

struct Code {
  static constexpr std::size_t kAlignment = 16;

  ByteVector bytes{};
  std::vector<Entry> entries{};  // of the functions, in their order
  std::vector<Relocation> relocations{};
};

// Symbols of kind kRuntime that are not of runtime_functions.h: who places code decides on them.
// What a trap calls, a function TrapFunction; it does not return. And its first argument.
inline constexpr std::string_view kTrapFunction = "trap";
inline constexpr std::string_view kTrapContext = "trap_context";

// In the code, at a multiple of 8. Texts are in the code too.
struct TrapRecord {
  std::uint32_t kind = 0;  // a TrapKind
  std::uint32_t block = 0;
  std::int32_t function_offset = 0;  // of its name, from this record
  std::uint32_t function_size = 0;
  std::int32_t message_offset = 0;
  std::uint32_t message_size = 0;

  std::string_view function() const {
    return {reinterpret_cast<const char*>(this) + function_offset, function_size};
  }
  std::string_view message() const {
    return {reinterpret_cast<const char*>(this) + message_offset, message_size};
  }
};
static_assert(sizeof(TrapRecord) == 24);

using TrapFunction = void (*)(void* context, const TrapRecord* record);

}  // namespace smf::codegen
