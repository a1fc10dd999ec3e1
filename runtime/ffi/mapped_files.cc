#include "runtime/ffi/mapped_files.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <shared_mutex>
#include <string>
#include <utility>

#include "runtime/ffi/arguments.h"

namespace smf::ffi {

struct MappedFiles::Mapping {
  explicit Mapping(os::MappedFile mapped) : file(std::move(mapped)) {}

  os::MappedFile file;
  std::shared_mutex uses;  // shared by who uses the file, taken whole to unmap it
};

// A mapping that stays while this lives, and a place in it. Members are destroyed from the last:
// the lock before the mutex can go.
class MappedFiles::Use {
 public:
  Use(std::shared_ptr<Mapping> mapping, std::uint64_t offset)
      : mapping_(std::move(mapping)), lock_(mapping_->uses), offset_(offset) {}

  const os::MappedFile& file() const { return mapping_->file; }
  std::uint64_t begin() const { return std::bit_cast<std::uintptr_t>(file().bytes().data()); }
  std::uint64_t size() const { return file().bytes().size(); }

  Bytes bytes() const { return file().bytes().subspan(offset_); }  // from the place on
  void move_on(std::uint64_t by) { offset_ += by; }
  std::uint64_t rest() const { return size() - offset_; }
  os::MappedPart part(std::int64_t length) const {
    return {.offset = offset_, .length = static_cast<std::uint64_t>(length)};
  }

  // Whether so many bytes, not negative, are left.
  Result<void> check_length(std::int64_t length) const {
    if (static_cast<std::uint64_t>(length) <= rest()) return {};
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} bytes from 0x{:x} lead out of the mapping of {} at 0x{:x}", length,
                            begin() + offset_, size(), begin()));
  }

  // After bytes were read: whether they were the file's.
  Result<void> check_whole() const {
    if (!file().is_truncated()) return {};
    return std::unexpected(
        Error{.code = ErrorCode::kInvalidInput,
              .message = fmt::format("has become shorter than its mapping at 0x{:x}", begin()),
              .path = file().path()});
  }

 private:
  std::shared_ptr<Mapping> mapping_;
  std::shared_lock<std::shared_mutex> lock_;
  std::uint64_t offset_;
};

namespace {

using Sharing = os::MapOptions::Sharing;

Result<Sharing> sharing_of(std::int64_t flags) {
  using Files = MappedFiles;
  if ((flags & Files::kFixed) != 0)
    return refuse(fmt::format("flags 0x{:x}: fixed (0x10) would replace what is there", flags));
  if ((flags & ~(Files::kShared | Files::kPrivate | Files::kAnonymous)) != 0)
    return refuse(fmt::format("flags 0x{:x} have unknown bits", flags));
  switch (flags & (Files::kShared | Files::kPrivate)) {
    case Files::kShared:
      return Sharing::kShared;
    case Files::kPrivate:
      return Sharing::kPrivate;
    default:
      return refuse(fmt::format("flags 0x{:x}: either shared (1) or private (2)", flags));
  }
}

Result<os::MapOptions> options_of(std::int64_t protection, std::int64_t flags, std::int64_t offset,
                                  std::int64_t length) {
  os::MapOptions options;
  SMF_ASSIGN(options.protection, protection_of(protection));
  SMF_ASSIGN(options.sharing, sharing_of(flags));
  SMF_TRY(check_not_negative("offset", offset));
  SMF_TRY(check_not_negative("length", length));
  if (offset % ::sysconf(_SC_PAGESIZE) != 0)
    return refuse(fmt::format("offset 0x{:x} is no multiple of the page size", offset));
  options.offset = static_cast<std::uint64_t>(offset);
  options.length = static_cast<std::uint64_t>(length);
  return options;
}

Result<os::MappedFile> map_memory(std::string_view path, const os::MapOptions& options,
                                  os::SystemCalls& calls) {
  if (!path.empty()) return refuse("anonymous memory (0x20) has no path");
  if (options.length == 0) return refuse("anonymous memory (0x20) needs a length");
  if (options.offset != 0) return refuse("anonymous memory (0x20) has no offset");
  return os::MappedFile::anonymous(options, calls);
}

Result<os::MappedFile> map_file(std::string_view path, const os::MapOptions& options,
                                os::SystemCalls& calls) {
  if (path.empty()) return refuse("the path is empty");
  return os::MappedFile::open(std::string(path), options, calls);
}

Result<os::Advice> advice_of(std::int64_t number) {
  static constexpr std::array kKnown{os::Advice::kNormal, os::Advice::kRandom,
                                     os::Advice::kSequential, os::Advice::kWillNeed,
                                     os::Advice::kDontNeed};
  if (number < 0 || number >= std::ssize(kKnown))
    return refuse(
        fmt::format("advice {} is unknown: 0 to {} are known", number, kKnown.size() - 1));
  return kKnown[static_cast<std::size_t>(number)];
}

std::size_t length_to_zero(const void* data, std::size_t size) {
  const void* const zero = std::memchr(data, 0, size);
  if (zero == nullptr) return size;
  return static_cast<std::size_t>(static_cast<const char*>(zero) - static_cast<const char*>(data));
}

}  // namespace

Result<MappedRange> MappedFiles::map(std::string_view path, std::int64_t protection,
                                     std::int64_t flags, std::int64_t offset, std::int64_t length) {
  SMF_ASSIGN(const os::MapOptions options, options_of(protection, flags, offset, length));
  SMF_TRY(check_path(path));
  SMF_ASSIGN(os::MappedFile file, (flags & kAnonymous) != 0 ? map_memory(path, options, *calls_)
                                                            : map_file(path, options, *calls_));
  const Bytes bytes = file.bytes();
  const std::uint64_t begin = std::bit_cast<std::uintptr_t>(bytes.data());
  auto mapping = std::make_shared<Mapping>(std::move(file));
  const std::lock_guard lock(mutex_);
  // Somebody else unmapped ours, and the system gave the address away again.
  if (!mappings_.emplace(begin, std::move(mapping)).second)
    return refuse(fmt::format("the mapping at 0x{:x} was unmapped by other means", begin));
  return MappedRange{.address = static_cast<std::int64_t>(begin),
                     .size = static_cast<std::int64_t>(bytes.size())};
}

Result<void> MappedFiles::unmap(std::int64_t address, std::int64_t size) {
  std::shared_ptr<Mapping> mapping;
  {
    const std::lock_guard lock(mutex_);
    const auto found = mappings_.find(static_cast<std::uint64_t>(address));
    if (found == mappings_.end())
      return refuse(fmt::format("no mapping made here begins at 0x{:x}",
                                static_cast<std::uint64_t>(address)));
    const std::size_t mapped = found->second->file.bytes().size();
    if (!std::in_range<std::size_t>(size) || static_cast<std::size_t>(size) != mapped)
      return refuse(fmt::format("{} bytes are not the whole mapping at 0x{:x}, which has {}", size,
                                static_cast<std::uint64_t>(address), mapped));
    // Out of the table before the memory is free for others to map.
    mapping = std::move(found->second);
    mappings_.erase(found);
  }
  const std::lock_guard lock(mapping->uses);
  return mapping->file.unmap();
}

Result<MappedFiles::Use> MappedFiles::find(std::int64_t address) {
  const auto wanted = static_cast<std::uint64_t>(address);
  const std::lock_guard lock(mutex_);
  auto after = mappings_.upper_bound(wanted);
  if (after != mappings_.begin()) {
    const auto& [begin, mapping] = *--after;
    const std::uint64_t offset = wanted - begin;
    // Never waits: who would hold it whole has taken the mapping out of the table.
    if (offset < mapping->file.bytes().size()) return Use(mapping, offset);
  }
  return refuse(fmt::format("0x{:x} is in no mapping made here", wanted));
}

Result<MappedFiles::Use> MappedFiles::find_range(std::int64_t address, std::int64_t size) {
  SMF_TRY(check_size(size));
  SMF_ASSIGN(Use use, find(address));
  SMF_TRY(use.check_length(size));
  return use;
}

Result<MappedFiles::Use> MappedFiles::find_readable(std::int64_t address, std::int64_t offset,
                                                    std::int64_t length) {
  SMF_TRY(check_not_negative("offset", offset));
  SMF_TRY(check_not_negative("length", length));
  SMF_ASSIGN(Use use, find(address));
  if (static_cast<std::uint64_t>(offset) > use.rest()) {
    return refuse(fmt::format("0x{:x} + {} is not in the mapping of {} at 0x{:x}",
                              static_cast<std::uint64_t>(address), offset, use.size(),
                              use.begin()));
  }
  use.move_on(static_cast<std::uint64_t>(offset));
  SMF_TRY(use.check_length(length));
  if (!has(use.file().protection(), os::MapOptions::Protection::kRead))
    return refuse(fmt::format("the mapping at 0x{:x} is not readable", use.begin()));
  return use;
}

Result<Allocation> MappedFiles::read_bytes(std::int64_t address, std::int64_t offset,
                                           std::int64_t length) {
  SMF_ASSIGN(const Use use, find_readable(address, offset, length));
  SMF_ASSIGN(Allocation copy, copy_of(use.bytes().first(static_cast<std::size_t>(length))));
  SMF_TRY(use.check_whole());
  return copy;
}

Result<Allocation> MappedFiles::read_text(std::int64_t address, std::int64_t offset,
                                          std::int64_t max_length) {
  SMF_TRY(check_not_negative("length", max_length));
  SMF_ASSIGN(const Use use, find_readable(address, offset, 0));
  const auto limit = static_cast<std::size_t>(max_length);
  Bytes bytes = use.bytes();
  if (limit != 0 && limit < bytes.size()) bytes = bytes.first(limit);
  if (!bytes.empty()) bytes = bytes.first(length_to_zero(bytes.data(), bytes.size()));
  SMF_ASSIGN(Allocation copy, copy_of(bytes));
  // Other processes may have written zeros meanwhile.
  copy.size = length_to_zero(copy.data.get(), copy.size);
  SMF_TRY(use.check_whole());
  return copy;
}

Result<Bytes> MappedFiles::view(std::int64_t address, std::int64_t offset, std::int64_t length) {
  SMF_ASSIGN(const Use use, find_readable(address, offset, length));
  SMF_TRY(use.check_whole());
  return use.bytes().first(static_cast<std::size_t>(length));
}

Result<void> MappedFiles::sync(std::int64_t address, std::int64_t size, os::Sync how) {
  SMF_ASSIGN(const Use use, find_range(address, size));
  return use.file().sync(how, use.part(size));
}

Result<void> MappedFiles::lock(std::int64_t address, std::int64_t size) {
  SMF_ASSIGN(const Use use, find_range(address, size));
  return use.file().lock(use.part(size));
}

Result<void> MappedFiles::unlock(std::int64_t address, std::int64_t size) {
  SMF_ASSIGN(const Use use, find_range(address, size));
  return use.file().unlock(use.part(size));
}

Result<void> MappedFiles::advise(std::int64_t address, std::int64_t size, std::int64_t advice) {
  SMF_ASSIGN(const os::Advice known, advice_of(advice));
  SMF_ASSIGN(const Use use, find_range(address, size));
  return use.file().advise(known, use.part(size));
}

Result<std::int64_t> MappedFiles::file_size(std::string_view path) {
  if (path.empty()) return refuse("the path is empty");
  SMF_TRY(check_path(path));
  const std::string name(path);
  struct stat status{};
  if (calls_->stat(name.c_str(), &status) != 0) return fail_system("stat", name, errno);
  if (!S_ISREG(status.st_mode)) {
    return std::unexpected(
        Error{.code = ErrorCode::kInvalidInput, .message = "is no regular file", .path = name});
  }
  return status.st_size;
}

std::size_t MappedFiles::count() {
  const std::lock_guard lock(mutex_);
  return mappings_.size();
}

}  // namespace smf::ffi
