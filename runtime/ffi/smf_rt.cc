#include "runtime/ffi/smf_rt.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "runtime/ffi/arguments.h"
#include "runtime/ffi/boundary.h"
#include "runtime/ffi/exec_memory.h"
#include "runtime/ffi/jit_functions.h"
#include "runtime/ffi/mapped_files.h"

namespace {

using smf::Result;
using smf::ffi::Allocation;
using smf::ffi::at_boundary;
using smf::ffi::ExecMemory;
using smf::ffi::JitCall;
using smf::ffi::MappedFiles;
using smf::ffi::text_of;

// Of the process, as addresses are; never destroyed, because threads may still call at its end.
MappedFiles& mapped_files() {
  static auto& files = *new MappedFiles;
  return files;
}

ExecMemory& exec_memory() {
  static auto& memory = *new ExecMemory;
  return memory;
}

auto describe_number(const char* name, std::int64_t size) {
  return [=] { return fmt::format("{}({})", name, size); };
}

auto describe_address(const char* name, std::int64_t address) {
  return [=] { return fmt::format("{}(0x{:x})", name, static_cast<std::uint64_t>(address)); };
}

auto describe_range(const char* name, std::int64_t address, std::int64_t size) {
  return [=] {
    return fmt::format("{}(0x{:x}, {})", name, static_cast<std::uint64_t>(address), size);
  };
}

auto describe_part(const char* name, std::int64_t address, std::int64_t offset,
                   std::int64_t length) {
  return [=] {
    return fmt::format("{}(0x{:x}, {}, {})", name, static_cast<std::uint64_t>(address), offset,
                       length);
  };
}

bool succeeds(const char* name, std::int64_t address, std::int64_t size, const auto& work) {
  return at_boundary(
      name, false,
      [&]() -> Result<bool> {
        SMF_TRY(work());
        return true;
      },
      describe_range(name, address, size));
}

std::int64_t counts(const char* name, std::int64_t (ExecMemory::*count)()) {
  return at_boundary(
      name, std::int64_t{-1}, [=]() -> Result<std::int64_t> { return (exec_memory().*count)(); },
      [=] { return std::string(name); });
}

// Of an allocation, or of an instantiator; it stays meanwhile.
struct Callee {
  ExecMemory::Call allocated{};
  JitCall made{};

  explicit operator bool() const { return allocated || made; }
  std::int64_t run(auto... arguments) const {
    if (allocated) return allocated.run(arguments...);
    const std::int64_t result = smf::ffi::call_code_at(made.function, arguments...);
    return made.returns ? result : 0;
  }
};

Result<Callee> begin_call(std::int64_t function, unsigned arguments) {
  if (auto call = exec_memory().try_begin_call(function)) {
    if (!*call) return std::unexpected(std::move(*call).error());
    return Callee{.allocated = **std::move(call)};
  }
  if (auto call = smf::ffi::jit_functions().begin_call(function, arguments)) {
    if (!*call) return std::unexpected(std::move(*call).error());
    return Callee{.made = **std::move(call)};
  }
  return smf::ffi::refuse(fmt::format(
      "0x{:x} is in no executable memory allocated here, and of no function instantiated here",
      static_cast<std::uint64_t>(function)));
}

// The code runs outside of at_boundary(): what it throws is its own, and reaches its caller.
std::int64_t call_function(const char* name, std::int64_t function, auto... arguments) {
  const smf::ffi::CancellationOff off;
  const auto call = at_boundary(
      name, Callee(), [&] { return begin_call(function, sizeof...(arguments)); },
      describe_address(name, function));
  if (!call) return 0;
  const std::int64_t result = call.run(arguments...);
  smf::ffi::clear_last_error();
  return result;
}

rt_bytes gives_bytes(const char* name, std::int64_t address, std::int64_t offset,
                     std::int64_t length, const auto& work) {
  return at_boundary(
      name, rt_bytes{},
      [&]() -> Result<rt_bytes> {
        SMF_ASSIGN(Allocation bytes, work());
        return rt_bytes{.data = bytes.data.release(),
                        .length = static_cast<std::int64_t>(bytes.size)};
      },
      describe_part(name, address, offset, length));
}

}  // namespace

rt_error rt_last_error(void) { return smf::ffi::last_error(); }

// ---- Mapped files ----

rt_mapping rt_mmap_file(const char* path, int64_t path_length, int64_t prot, int64_t flags,
                        int64_t offset, int64_t length) {
  return at_boundary(
      "rt_mmap_file", rt_mapping{},
      [&]() -> Result<rt_mapping> {
        SMF_ASSIGN(const std::string_view name, text_of("path", path, path_length));
        SMF_ASSIGN(const auto range, mapped_files().map(name, prot, flags, offset, length));
        return rt_mapping{.address = range.address, .size = range.size};
      },
      [&] {
        return fmt::format("rt_mmap_file(prot 0x{:x}, flags 0x{:x}, offset {}, length {})", prot,
                           flags, offset, length);
      });
}

bool rt_munmap(int64_t address, int64_t size) {
  return succeeds("rt_munmap", address, size, [&] { return mapped_files().unmap(address, size); });
}

rt_bytes rt_mmap_read_bytes(int64_t address, int64_t offset, int64_t length) {
  return gives_bytes("rt_mmap_read_bytes", address, offset, length,
                     [&] { return mapped_files().read_bytes(address, offset, length); });
}

rt_bytes rt_mmap_read_string(int64_t address, int64_t offset, int64_t max_length) {
  return gives_bytes("rt_mmap_read_string", address, offset, max_length,
                     [&] { return mapped_files().read_text(address, offset, max_length); });
}

const uint8_t* rt_mmap_view(int64_t address, int64_t offset, int64_t length) {
  static constexpr const char* kName = "rt_mmap_view";
  return at_boundary(
      kName, static_cast<const std::uint8_t*>(nullptr),
      [&]() -> Result<const std::uint8_t*> {
        SMF_ASSIGN(const smf::Bytes bytes, mapped_files().view(address, offset, length));
        return reinterpret_cast<const std::uint8_t*>(bytes.data());
      },
      describe_part(kName, address, offset, length));
}

void rt_free_bytes(rt_bytes bytes) { std::free(bytes.data); }

int64_t rt_file_size_for_mmap(const char* path, int64_t path_length) {
  return at_boundary(
      "rt_file_size_for_mmap", std::int64_t{-1},
      [&]() -> Result<std::int64_t> {
        SMF_ASSIGN(const std::string_view name, text_of("path", path, path_length));
        return mapped_files().file_size(name);
      },
      [] { return std::string("rt_file_size_for_mmap"); });
}

int64_t rt_get_page_size(void) {
  return at_boundary(
      "rt_get_page_size", std::int64_t{-1},
      []() -> Result<std::int64_t> {
        const long size = ::sysconf(_SC_PAGESIZE);
        if (size <= 0) return smf::fail_system("ask for the page size", {}, errno);
        return size;
      },
      [] { return std::string("rt_get_page_size"); });
}

bool rt_msync(int64_t address, int64_t size, bool async) {
  const auto how = async ? smf::os::Sync::kStart : smf::os::Sync::kWait;
  return succeeds("rt_msync", address, size,
                  [&] { return mapped_files().sync(address, size, how); });
}

bool rt_mlock(int64_t address, int64_t size) {
  return succeeds("rt_mlock", address, size, [&] { return mapped_files().lock(address, size); });
}

bool rt_munlock(int64_t address, int64_t size) {
  return succeeds("rt_munlock", address, size,
                  [&] { return mapped_files().unlock(address, size); });
}

bool rt_madvise(int64_t address, int64_t size, int64_t advice) {
  return succeeds("rt_madvise", address, size,
                  [&] { return mapped_files().advise(address, size, advice); });
}

// ---- Executable memory ----

int64_t rt_alloc_exec_memory(int64_t size) {
  static constexpr const char* kName = "rt_alloc_exec_memory";
  return at_boundary(
      kName, std::int64_t{0}, [&] { return exec_memory().alloc_code(size); },
      describe_number(kName, size));
}

int64_t rt_alloc_rw_memory(int64_t size) {
  static constexpr const char* kName = "rt_alloc_rw_memory";
  return at_boundary(
      kName, std::int64_t{0}, [&] { return exec_memory().alloc_pages(size); },
      describe_number(kName, size));
}

bool rt_free_exec_memory(int64_t address, int64_t size) {
  return succeeds("rt_free_exec_memory", address, size,
                  [&] { return exec_memory().free(address, size); });
}

int64_t rt_write_exec_memory(int64_t address, const uint8_t* code, int64_t length, int64_t offset) {
  static constexpr const char* kName = "rt_write_exec_memory";
  return at_boundary(
      kName, std::int64_t{-1},
      [&]() -> Result<std::int64_t> {
        SMF_ASSIGN(const std::string_view bytes,
                   text_of("code", reinterpret_cast<const char*>(code), length));
        return exec_memory().write(address, smf::as_bytes(bytes), offset);
      },
      [=] {
        return fmt::format("{}(0x{:x}, length {}, offset {})", kName,
                           static_cast<std::uint64_t>(address), length, offset);
      });
}

bool rt_make_executable(int64_t address, int64_t size) {
  return succeeds("rt_make_executable", address, size,
                  [&] { return exec_memory().make_executable(address, size); });
}

void rt_flush_icache(int64_t address, int64_t size) {
  succeeds("rt_flush_icache", address, size, [&] { return exec_memory().flush(address, size); });
}

int64_t rt_get_function_pointer(int64_t address) {
  static constexpr const char* kName = "rt_get_function_pointer";
  return at_boundary(
      kName, std::int64_t{0}, [&] { return exec_memory().function(address); },
      describe_address(kName, address));
}

int64_t rt_call_function_0(int64_t function) {
  return call_function("rt_call_function_0", function);
}

int64_t rt_call_function_1(int64_t function, int64_t first) {
  return call_function("rt_call_function_1", function, first);
}

int64_t rt_call_function_2(int64_t function, int64_t first, int64_t second) {
  return call_function("rt_call_function_2", function, first, second);
}

bool rt_set_protection(int64_t address, int64_t size, int64_t prot) {
  static constexpr const char* kName = "rt_set_protection";
  return at_boundary(
      kName, false,
      [&]() -> Result<bool> {
        SMF_TRY(exec_memory().set_protection(address, size, prot));
        return true;
      },
      [=] {
        return fmt::format("{}(0x{:x}, {}, 0x{:x})", kName, static_cast<std::uint64_t>(address),
                           size, static_cast<std::uint64_t>(prot));
      });
}

int64_t rt_get_protection(int64_t address) {
  static constexpr const char* kName = "rt_get_protection";
  return at_boundary(
      kName, std::int64_t{-1}, [&] { return exec_memory().protection(address); },
      describe_address(kName, address));
}

bool rt_is_executable(int64_t address) {
  static constexpr const char* kName = "rt_is_executable";
  return at_boundary(
      kName, false, [&] { return exec_memory().is_executable(address); },
      describe_address(kName, address));
}

int64_t rt_exec_memory_total(void) { return counts("rt_exec_memory_total", &ExecMemory::total); }

int64_t rt_exec_memory_count(void) { return counts("rt_exec_memory_count", &ExecMemory::count); }

void rt_exec_memory_dump_stats(void) {
  static constexpr const char* kName = "rt_exec_memory_dump_stats";
  at_boundary(
      kName, false,
      []() -> Result<bool> {
        std::fputs(exec_memory().statistics().c_str(), stderr);
        return true;
      },
      [] { return std::string(kName); });
}
