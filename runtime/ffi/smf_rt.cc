#include "runtime/ffi/smf_rt.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>

#include "runtime/ffi/boundary.h"
#include "runtime/ffi/mapped_files.h"

namespace {

using smf::Result;
using smf::ffi::Allocation;
using smf::ffi::at_boundary;
using smf::ffi::MappedFiles;

// Of the process, as addresses are; never destroyed, because threads may still call at its end.
MappedFiles& mapped_files() {
  static auto& files = *new MappedFiles;
  return files;
}

// What can be told of a text without reading it.
Result<std::string_view> text_of(const char* text, std::int64_t length) {
  if (length < 0) {
    return smf::fail(smf::ErrorCode::kInvalidArgument,
                     fmt::format("the path's length is {}: negative", length));
  }
  if (length == 0) return std::string_view();
  if (text == nullptr) return smf::fail(smf::ErrorCode::kInvalidArgument, "the path is null");
  return std::string_view(text, static_cast<std::size_t>(length));
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

rt_mapping rt_mmap_file(const char* path, int64_t path_length, int64_t prot, int64_t flags,
                        int64_t offset, int64_t length) {
  return at_boundary(
      "rt_mmap_file", rt_mapping{},
      [&]() -> Result<rt_mapping> {
        SMF_ASSIGN(const std::string_view name, text_of(path, path_length));
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
        SMF_ASSIGN(const std::string_view name, text_of(path, path_length));
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
