// Debuggers see compiled code: its names in backtraces, breakpoints on them, and what called it.
//
// GDB's JIT compilation interface, which LLDB reads too (GDB manual, "JIT Compilation Interface"):
// the process has a list of object files in its memory, one for each block of code
// (symbol_file.h), and a function that does nothing, which it calls whenever the list has changed;
// the debugger has a breakpoint there. One that is attached later walks the list.
//
// A block costs some 700 bytes, and, while a debugger is attached, a stop: with many functions,
// publish them as batches, which are one object with many names.
// Backtraces rely on frame pointers, as exceptions do (unwinding.h, where the contract stands).
// A breakpoint is written into the code by the debugger, which is a write like any other: a dual
// mapping refuses it, and gdb says nothing. Where breakpoints in compiled code are wanted, create
// the code memory with page protection.
//
// The list is the process's, so here is the library's one global, under one mutex. Both symbols
// are weak: a program that has another such list, LLVM's for example, has one that both use, and
// should not have both change it at once. gdb finds them by their names: a library whose symbol
// table is stripped has to export them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string_view>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/exec/code_listener.h"

namespace smf {

namespace internal {

// The structures and numbers of the interface, version 1.
struct GdbEntry {
  GdbEntry* next = nullptr;
  GdbEntry* previous = nullptr;
  const std::byte* symbol_file = nullptr;
  std::uint64_t symbol_file_size = 0;  // bytes
};
enum class GdbAction : std::uint32_t { kNone = 0, kRegister = 1, kUnregister = 2 };
struct GdbDescriptor {
  std::uint32_t version = 1;
  GdbAction action = GdbAction::kNone;
  GdbEntry* relevant = nullptr;
  GdbEntry* first = nullptr;
};

extern "C" {
void __jit_debug_register_code();
extern GdbDescriptor __jit_debug_descriptor;
}

}  // namespace internal

// Of one code memory or several. Thread-safe.
class GdbRegistration final : public CodeListener {
 public:
  GdbRegistration() = default;
  GdbRegistration(const GdbRegistration&) = delete;
  GdbRegistration& operator=(const GdbRegistration&) = delete;
  ~GdbRegistration() override;

  void published(std::span<const std::byte> code, std::string_view name) noexcept override;
  void batch_published(std::span<const std::byte> block,
                       std::span<const Function> functions) noexcept override;
  void freed(std::span<const std::byte> code) noexcept override;
  void region_removed(std::span<const std::byte> region) noexcept override;

  // kOutOfMemory: there was code that could not be told about.
  Result<void> status() const;

 private:
  struct Object {
    ByteVector file{};
    internal::GdbEntry entry{};
  };
  using Objects = std::map<const std::byte*, std::unique_ptr<Object>>;

  static void unlink(Object& object);
  void erase(Objects::iterator first, Objects::iterator last);

  Objects objects_{};  // by the block's beginning
  bool is_out_of_memory_ = false;
};

}  // namespace smf
