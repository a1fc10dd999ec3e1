#include "runtime/os/mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <utility>

#include "runtime/os/input_file.h"
#include "runtime/os/page_size.h"

namespace smf::os {
namespace {

std::uint64_t page_start(std::uint64_t offset) { return offset & ~(page_size() - 1); }

using Protection = MapOptions::Protection;
using Sharing = MapOptions::Sharing;

bool has(Protection protection, Protection bit) {
  return (static_cast<unsigned>(protection) & static_cast<unsigned>(bit)) != 0;
}

int number_of(Protection protection) {
  return (has(protection, Protection::kRead) ? PROT_READ : PROT_NONE) |
         (has(protection, Protection::kWrite) ? PROT_WRITE : PROT_NONE) |
         (has(protection, Protection::kExecute) ? PROT_EXEC : PROT_NONE);
}

bool is_shared_writable(const MapOptions& options) {
  return has(options.protection, Protection::kWrite) && options.sharing == Sharing::kShared;
}

std::unexpected<Error> fail_about(const std::string& path, ErrorCode code, std::string message) {
  return std::unexpected(Error{.code = code, .message = std::move(message), .path = path});
}

std::unexpected<Error> fail_without_memory_to_map() {
  return fail(ErrorCode::kOutOfMemory, "not enough memory to map a file");
}

int number_of(Advice advice) {
  switch (advice) {
    case Advice::kNormal:
      return MADV_NORMAL;
    case Advice::kRandom:
      return MADV_RANDOM;
    case Advice::kSequential:
      return MADV_SEQUENTIAL;
    case Advice::kWillNeed:
      return MADV_WILLNEED;
    case Advice::kDontNeed:
      return MADV_DONTNEED;
    case Advice::kPopulate:
      return MADV_POPULATE_READ;
    case Advice::kHugePage:
      return MADV_HUGEPAGE;
  }
  return MADV_NORMAL;
}

// The length of the part of a file of `size` bytes that the options ask for.
Result<std::size_t> length_of(const MapOptions& options, std::uint64_t size,
                              const std::string& path) {
  if (!in_range(options.offset, options.length, size)) {
    return fail_about(path, ErrorCode::kInvalidInput,
                      fmt::format("is {} bytes long: too short to map {} bytes from {}", size,
                                  options.length, options.offset));
  }
  const std::uint64_t length = options.length != 0 ? options.length : size - options.offset;
  if (length == 0) return fail_about(path, ErrorCode::kInvalidInput, "has nothing to map");
  return length;
}

}  // namespace

Result<MappedFile> MappedFile::open(std::string path, const MapOptions& options,
                                    SystemCalls& calls) try {
  // O_NONBLOCK: a pipe must not hold up the question what it is.
  const int access = is_shared_writable(options) ? O_RDWR : O_RDONLY;
  const Descriptor from(calls.open(path.c_str(), access | O_NONBLOCK, 0), calls);
  if (!from) return fail_system("open", std::move(path), errno);
  return map(from.get(), std::move(path), options, calls);
} catch (const std::bad_alloc&) {
  return fail_without_memory_to_map();
}

Result<MappedFile> MappedFile::map(int descriptor, std::string path, const MapOptions& options,
                                   SystemCalls& calls) try {
  MappedFile file;
  file.path_ = std::move(path);
  file.calls_ = &calls;
  SMF_TRY(file.make(descriptor, options));
  return file;
} catch (const std::bad_alloc&) {
  return fail_without_memory_to_map();
}

Result<MappedFile> MappedFile::anonymous(const MapOptions& options, SystemCalls& calls) {
  if (options.offset != 0 || options.length == 0)
    return fail(ErrorCode::kInvalidArgument, "memory of no file has a length and no offset");
  MappedFile memory;
  memory.calls_ = &calls;
  SMF_TRY(memory.map_pages(-1, options.length, options));
  if (options.populate) SMF_TRY(memory.advise(Advice::kPopulate));
  return memory;
}

Result<void> MappedFile::make(int descriptor, const MapOptions& options) {
  struct stat status{};
  if (calls_->fstat(descriptor, &status) != 0) return fail_system("stat", path_, errno);
  if (!S_ISREG(status.st_mode))
    return fail_about(path_, ErrorCode::kInvalidInput, "is no regular file");
  SMF_ASSIGN(const std::size_t length,
             length_of(options, static_cast<std::uint64_t>(status.st_size), path_));
  SMF_TRY(map_pages(descriptor, length, options));
  if (options.guard) SMF_TRY(add_guard());
  return options.populate ? advise(Advice::kPopulate) : Result<void>();
}

Result<void> MappedFile::map_pages(int descriptor, std::size_t length, const MapOptions& options) {
  protection_ = options.protection;
  sharing_ = options.sharing;
  const std::uint64_t start = page_start(options.offset);
  const std::size_t skip = options.offset - start;
  const int flags = (sharing_ == Sharing::kShared ? MAP_SHARED : MAP_PRIVATE) |
                    (descriptor < 0 ? MAP_ANONYMOUS : 0);
  void* const address = calls_->mmap(nullptr, skip + length, number_of(protection_), flags,
                                     descriptor, static_cast<off_t>(start));
  if (address == MAP_FAILED) return fail_system("map", path_, errno);
  pages_ = static_cast<std::byte*>(address);
  skip_ = skip;
  size_ = length;
  return {};
}

Result<void> MappedFile::add_guard() {
  auto guard =
      GuardedRange::add({pages_, skip_ + size_},
                        has(protection_, Protection::kWrite) ? GuardedRange::Access::kReadWrite
                                                             : GuardedRange::Access::kRead,
                        *calls_);
  if (!guard) return std::unexpected(std::move(guard).error().at_path(path_));
  guard_ = *std::move(guard);
  return {};
}

MappedFile::MappedFile(MappedFile&& other) noexcept { *this = std::move(other); }

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  if (this == &other) return *this;
  discard();
  pages_ = std::exchange(other.pages_, nullptr);
  skip_ = std::exchange(other.skip_, 0);
  size_ = std::exchange(other.size_, 0);
  protection_ = other.protection_;
  sharing_ = other.sharing_;
  path_ = std::move(other.path_);
  calls_ = other.calls_;
  guard_ = std::move(other.guard_);
  return *this;
}

std::span<std::byte> MappedFile::writable_bytes() {
  SMF_CHECK(has(protection_, Protection::kWrite));
  return {pages_ + skip_, size_};
}

Result<MappedFile::Pages> MappedFile::pages_of(MappedPart part) const {
  if (pages_ == nullptr) return fail_about(path_, ErrorCode::kInvalidArgument, "is not mapped");
  if (!in_range(part.offset, part.length, size_)) {
    return fail_about(path_, ErrorCode::kInvalidArgument,
                      fmt::format("{} bytes from {} are not within the {} that are mapped",
                                  part.length, part.offset, size_));
  }
  const std::uint64_t length = part.length != 0 ? part.length : size_ - part.offset;
  const std::uint64_t from = page_start(skip_ + part.offset);
  const std::uint64_t to = align_up(skip_ + part.offset + length, page_size());
  return Pages{.begin = pages_ + from, .size = to - from};
}

Result<void> MappedFile::advise(Advice advice, MappedPart part) const {
  SMF_ASSIGN(const Pages pages, pages_of(part));
  if (advice == Advice::kPopulate) return populate(pages);
  if (advice == Advice::kDontNeed && has(protection_, Protection::kWrite) &&
      sharing_ == Sharing::kPrivate) {
    return fail_about(path_, ErrorCode::kInvalidArgument, "would lose what was written privately");
  }
  if (calls_->madvise(pages.begin, pages.size, number_of(advice)) == 0) return {};
  return fail_system("advise on the mapping", path_, errno);
}

Result<void> MappedFile::populate(Pages pages) const {
  // Zeros that stand in for pages of the file are not worth having.
  if (is_truncated()) return fail_system("populate the mapping", path_, EFAULT);
  if (calls_->madvise(pages.begin, pages.size, number_of(Advice::kPopulate)) == 0) return {};
  if (errno == EINVAL && guard_ && has(protection_, Protection::kRead))
    return touch(pages);  // Linux before 5.14
  return fail_system("populate the mapping", path_, errno);
}

Result<void> MappedFile::touch(Pages pages) const {
  const ReadGuard guard(guard_);
  const volatile std::byte* const bytes = pages.begin;
  for (std::size_t at = 0; at < pages.size; at += page_size()) static_cast<void>(bytes[at]);
  return guard.ok() ? Result<void>() : fail_system("populate the mapping", path_, EFAULT);
}

Result<void> MappedFile::lock(MappedPart part) const {
  SMF_ASSIGN(const Pages pages, pages_of(part));
  if (calls_->mlock(pages.begin, pages.size) == 0) return {};
  return fail_system("lock the mapping in memory", path_, errno);
}

Result<void> MappedFile::unlock(MappedPart part) const {
  SMF_ASSIGN(const Pages pages, pages_of(part));
  if (calls_->munlock(pages.begin, pages.size) == 0) return {};
  return fail_system("unlock the mapping from memory", path_, errno);
}

Result<void> MappedFile::sync(Sync how, MappedPart part) const {
  if (!has(protection_, Protection::kWrite) || sharing_ != Sharing::kShared) {
    return fail_about(path_, ErrorCode::kInvalidArgument, "is not mapped to be written");
  }
  SMF_ASSIGN(const Pages pages, pages_of(part));
  if (calls_->msync(pages.begin, pages.size, how == Sync::kWait ? MS_SYNC : MS_ASYNC) == 0)
    return {};
  return fail_system("write the mapping to the file", path_, errno);
}

Result<std::uint64_t> MappedFile::resident_pages(MappedPart part) const {
  SMF_ASSIGN(const Pages pages, pages_of(part));
  std::array<unsigned char, 4096> resident;
  const std::size_t step = resident.size() * page_size();
  std::uint64_t count = 0;
  for (std::size_t at = 0; at < pages.size; at += step) {
    const std::size_t size = std::min(step, pages.size - at);
    if (calls_->mincore(pages.begin + at, size, resident.data()) != 0)
      return fail_system("ask for the mapping's pages", path_, errno);
    const auto* const end = resident.data() + size / page_size();
    count += static_cast<std::uint64_t>(
        std::count_if(std::as_const(resident).data(), end, [](auto page) { return page & 1; }));
  }
  return count;
}

Result<void> MappedFile::unmap() {
  if (discard() != 0) return fail_system("unmap", path_, errno);
  return {};
}

int MappedFile::discard() {
  guard_.remove();  // first: see there
  std::byte* const pages = std::exchange(pages_, nullptr);
  const std::size_t size = std::exchange(skip_, 0) + std::exchange(size_, 0);
  return pages != nullptr ? calls_->munmap(pages, size) : 0;
}

}  // namespace smf::os
