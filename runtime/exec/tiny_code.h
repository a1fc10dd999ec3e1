// For tests: machine code to publish, and what the kernel says about memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/exec/code_memory.h"
#include "runtime/exec/machine_code.h"
#include "runtime/os/tiny_function.h"

namespace smf {

// Whether an emulator runs this (toolchain/platforms/emulate.sh). Debian 12's, QEMU 7.2, does not
// see code change through another address, and takes its time.
inline bool is_emulated() { return std::getenv("SMF_EMULATE_CPU") != nullptr; }
constexpr int kEmulatedPart = 50;  // of the steps of a long test

// A function behind a landing pad, where the build has them.
inline std::vector<std::byte> padded(Bytes function) {
  const auto pad = std::as_bytes(std::span(kLandingPad));
  std::vector<std::byte> code(pad.begin(), pad.end());
  append_bytes(code, function);
  return code;
}

// A function that returns `number`, less than 2048.
inline std::vector<std::byte> code_returning(std::uint32_t number) {
  return padded(os::function_returning(number));
}

inline int call_code(const void* code) {
  int (*function)() = nullptr;
  std::memcpy(&function, &code, sizeof function);
  return function();
}

// `void f(void (*callee)())`, which calls and keeps a frame pointer; empty where nobody has written
// it for the processor.
inline std::vector<std::byte> code_calling() {
#if defined(__x86_64__)
  // push rbp; mov rbp, rsp; call rdi; pop rbp; ret
  constexpr std::array<std::uint8_t, 8> kFunction{0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3};
  return padded(std::as_bytes(std::span(kFunction)));
#elif defined(__aarch64__)
  // stp x29, x30, [sp, #-16]!; mov x29, sp; blr x0; ldp x29, x30, [sp], #16; ret
  constexpr std::array<std::uint32_t, 5> kFunction{0xa9bf7bfd, 0x910003fd, 0xd63f0000, 0xa8c17bfd,
                                                   0xd65f03c0};
  return padded(std::as_bytes(std::span(kFunction)));
#else
  return {};
#endif
}

using Callee = void (*)();

inline void call_calling(const void* code, Callee callee) {
  void (*function)(Callee) = nullptr;
  std::memcpy(&function, &code, sizeof function);
  function(callee);
}

// The function in a block of so many bytes, at least its own.
inline Result<const void*> publish(CodeMemory& memory, std::uint32_t number, std::size_t size = 0) {
  const auto code = code_returning(number);
  SMF_ASSIGN(CodeWriter writer, memory.begin(size < code.size() ? code.size() : size));
  std::memcpy(writer.bytes().data(), code.data(), code.size());
  return writer.commit();
}

// A line of /proc/self/maps.
struct MapsLine {
  std::uintptr_t begin = 0, end = 0;
  std::string permissions{};  // "rw-p"
  std::uint64_t offset = 0;   // bytes, of the file
  std::string path{};

  bool is_writable() const { return permissions.contains('w'); }
  bool is_executable() const { return permissions.contains('x'); }
};

inline std::vector<MapsLine> read_maps() {
  std::ifstream file("/proc/self/maps");
  std::vector<MapsLine> lines;
  for (std::string text; std::getline(file, text);) {
    MapsLine line;
    unsigned long begin = 0, end = 0, offset = 0;
    char permissions[5] = {};
    int path = 0;
    std::sscanf(text.c_str(), "%lx-%lx %4s %lx %*s %*s %n", &begin, &end, permissions, &offset,
                &path);
    line.begin = begin;
    line.end = end;
    line.permissions = permissions;
    line.offset = offset;
    line.path = text.substr(static_cast<std::size_t>(path));
    lines.push_back(std::move(line));
  }
  return lines;
}

// The first mapping that is writable and executable; empty without one.
inline std::string find_write_exec() {
  for (const MapsLine& line : read_maps())
    if (line.is_writable() && line.is_executable()) return line.permissions + " " + line.path;
  return {};
}

// Mappings of code memory's memfds that may be written.
inline std::vector<MapsLine> writable_views() {
  std::vector<MapsLine> views;
  for (MapsLine& line : read_maps())
    if (line.path.contains("smf-code") && line.is_writable()) views.push_back(std::move(line));
  return views;
}

// What the mapping of an address permits; "" where there is none.
inline std::string permissions_at(const void* address) {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  for (const MapsLine& line : read_maps())
    if (line.begin <= at && at < line.end) return line.permissions;
  return {};
}

}  // namespace smf
