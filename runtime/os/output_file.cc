#include "runtime/os/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <utility>

#include "runtime/os/extended_attributes.h"

namespace smf::os {
namespace {

constexpr std::size_t kCopyStep = 1u << 18;

// The folder that holds `path`, as a path that can be opened.
std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// A sibling of `path` that nobody else uses: process and counter make it unique.
std::string temporary_name(const std::string& path) {
  static std::atomic<unsigned> counter{0};
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  return fmt::format("{}.{}.tmp-{}-{}", folder, name.substr(0, 200), ::getpid(),
                     counter.fetch_add(1, std::memory_order_relaxed));
}

Result<void> write_all(SystemCalls& calls, int fd, Bytes bytes, const std::string& path,
                       std::optional<std::uint64_t> offset) {
  while (!bytes.empty()) {
    const ssize_t put =
        offset ? calls.pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(*offset))
               : calls.write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail_system("write", path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
    if (offset) *offset += static_cast<std::uint64_t>(put);
  }
  return {};
}

// An open file without a name in `folder`, or with the name that is stored into `temporary`.
Result<Descriptor> open_unnamed(SystemCalls& calls, const std::string& folder,
                                const std::string& fallback, const std::string& path,
                                std::uint32_t mode, std::string& temporary) {
  Descriptor unnamed(calls.open(folder.c_str(), O_TMPFILE | O_RDWR, mode), calls);
  if (unnamed) return unnamed;
  // The errors of a file system, or a kernel, that has no unnamed files.
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL && errno != ENOENT)
    return fail_system("create", path, errno);
  Descriptor named(calls.open(fallback.c_str(), O_CREAT | O_EXCL | O_RDWR, mode), calls);
  if (!named) return fail_system("create", path, errno);
  temporary = fallback;
  return named;
}

std::string spool_folder() {
  const char* chosen = std::getenv("TMPDIR");
  return chosen && *chosen ? chosen : "/tmp";
}

// Where a symbolic link leads, also one to a file that is not there yet.
std::string follow_links(std::string path) {
  constexpr int kMostLinks = 40;  // as the kernel's own
  std::error_code error;
  for (int i = 0; i < kMostLinks; ++i) {
    const std::filesystem::path target = std::filesystem::read_symlink(path, error);
    if (error) break;
    path = (std::filesystem::path(directory_of(path)) / target).string();
  }
  return path;
}

struct FreeDeleter {
  void operator()(char* text) const { std::free(text); }
};

}  // namespace

Result<OutputFile> OutputFile::create(std::string path, const Options& options,
                                      SystemCalls& calls) {
  OutputFile file;
  file.path_ = std::move(path);
  std::uint32_t mode = options.mode;
  struct stat existing{};
  bool replaces = false;
  if (file.path_ == "-") {
    file.spooled_ = true;
  } else {
    const std::unique_ptr<char, FreeDeleter> resolved(::realpath(file.path_.c_str(), nullptr));
    file.destination_ = resolved ? resolved.get() : follow_links(file.path_);
    replaces = resolved && ::stat(file.destination_.c_str(), &existing) == 0;
    if (replaces && S_ISDIR(existing.st_mode)) return fail_system("write", file.path_, EISDIR);
    file.spooled_ = replaces && !S_ISREG(existing.st_mode);
  }
  const std::string folder = file.spooled_ ? spool_folder() : directory_of(file.destination_);
  const std::string fallback =
      temporary_name(file.spooled_ ? folder + "/smf-spool" : file.destination_);
  SMF_ASSIGN(file.descriptor_,
             open_unnamed(calls, folder, fallback, file.path_, mode, file.temporary_));
  if (file.spooled_) return file;

  if (replaces) {
    mode = existing.st_mode & 07777;
    // Another user's file stays theirs where the system lets us; otherwise it becomes ours.
    if (existing.st_uid != ::geteuid() || existing.st_gid != ::getegid())
      static_cast<void>(calls.fchown(file.descriptor_.get(), existing.st_uid, existing.st_gid));
    // After the owner, whose change drops some, and before the mode, which an access list bounds.
    SMF_TRY(copy_extended_attributes(file.destination_, file.descriptor_.get(), file.path_, calls));
  } else {
    struct stat created{};
    if (calls.fstat(file.descriptor_.get(), &created) != 0)
      return fail_system("stat", file.path_, errno);
    mode = created.st_mode & 07777;
  }
  if (options.add_execute_bits) mode |= (mode & 0444) >> 2;
  if (calls.fchmod(file.descriptor_.get(), mode) != 0)
    return fail_system("set the mode of", file.path_, errno);
  return file;
}

OutputFile::~OutputFile() {
  if (descriptor_ && !temporary_.empty()) descriptor_.calls().unlink(temporary_.c_str());
}

Result<void> OutputFile::append(Bytes bytes) {
  SMF_TRY(write_all(descriptor_.calls(), descriptor_.get(), bytes, path_, size_));
  size_ += bytes.size();
  return {};
}

Result<void> OutputFile::overwrite(std::uint64_t offset, Bytes bytes) {
  SMF_CHECK(in_range(offset, bytes.size(), size_));
  return write_all(descriptor_.calls(), descriptor_.get(), bytes, path_, offset);
}

Result<void> OutputFile::read_back(std::uint64_t offset, std::span<std::byte> out) const {
  SMF_CHECK(in_range(offset, out.size(), size_));
  while (!out.empty()) {
    const ssize_t got = descriptor_.calls().pread(descriptor_.get(), out.data(), out.size(),
                                                  static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return fail_system("read back", path_, got == 0 ? EIO : errno);
    out = out.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return {};
}

Result<void> OutputFile::copy_to_destination() {
  SystemCalls& calls = descriptor_.calls();
  Descriptor target;
  if (!destination_.empty()) {
    target = Descriptor(calls.open(destination_.c_str(), O_WRONLY, 0), calls);
    if (!target) return fail_system("open", path_, errno);
  }
  const int fd = target ? target.get() : STDOUT_FILENO;
  std::vector<std::byte> buffer(std::min<std::uint64_t>(size_, kCopyStep));
  for (std::uint64_t at = 0; at < size_; at += buffer.size()) {
    buffer.resize(std::min<std::uint64_t>(buffer.size(), size_ - at));
    SMF_TRY(read_back(at, buffer));
    SMF_TRY(write_all(calls, fd, buffer, path_, std::nullopt));
  }
  return {};
}

Result<void> OutputFile::give_name() {
  SystemCalls& calls = descriptor_.calls();
  if (calls.fsync(descriptor_.get()) != 0) return fail_system("write", path_, errno);
  if (temporary_.empty()) {
    const std::string name = temporary_name(destination_);
    const std::string self = fmt::format("/proc/self/fd/{}", descriptor_.get());
    if (calls.linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) != 0)
      return fail_system("create", path_, errno);
    temporary_ = name;
  }
  if (calls.rename(temporary_.c_str(), destination_.c_str()) != 0)
    return fail_system("replace", path_, errno);
  temporary_.clear();
  Descriptor folder(calls.open(directory_of(destination_).c_str(), O_RDONLY | O_DIRECTORY, 0),
                    calls);
  // The file is in place; what can still fail is the promise that a power cut keeps it so. Some
  // file systems cannot sync a folder at all and say EINVAL.
  if (!folder || (calls.fsync(folder.get()) != 0 && errno != EINVAL))
    return fail_system("sync the folder of", path_, errno);
  return {};
}

Result<void> OutputFile::commit() {
  Result<void> done = spooled_ ? copy_to_destination() : give_name();
  if (!temporary_.empty()) {
    descriptor_.calls().unlink(temporary_.c_str());
    temporary_.clear();
  }
  descriptor_.reset();
  return done;
}

Result<OutputDirectory> OutputDirectory::create(std::string path, SystemCalls& calls) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored) && !std::filesystem::is_empty(path, ignored))
    return fail_system("create the folder", path, ENOTEMPTY);
  OutputDirectory directory;
  directory.calls_ = &calls;
  const std::string staging = temporary_name(path);
  if (calls.mkdir(staging.c_str(), 0777) != 0) return fail_system("create", path, errno);
  directory.path_ = std::move(path);
  directory.staging_ = staging;
  return directory;
}

OutputDirectory::OutputDirectory(OutputDirectory&& other) noexcept
    : path_(std::move(other.path_)),
      staging_(std::exchange(other.staging_, {})),
      calls_(other.calls_) {}

OutputDirectory::~OutputDirectory() {
  std::error_code ignored;
  if (!staging_.empty()) std::filesystem::remove_all(staging_, ignored);
}

Result<void> OutputDirectory::commit() {
  if (calls_->rename(staging_.c_str(), path_.c_str()) != 0)
    return fail_system("create", path_, errno);
  staging_.clear();
  const Descriptor folder(calls_->open(directory_of(path_).c_str(), O_RDONLY | O_DIRECTORY, 0),
                          *calls_);
  if (!folder || (calls_->fsync(folder.get()) != 0 && errno != EINVAL))
    return fail_system("sync the folder of", path_, errno);
  return {};
}

}  // namespace smf::os
