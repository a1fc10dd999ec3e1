#include "runtime/os/file_watch.h"

#include <sys/inotify.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace smf::os {
namespace {

constexpr std::uint32_t kContentMask = IN_MODIFY | IN_CLOSE_WRITE;
constexpr std::uint32_t kNameMask = IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE;
constexpr std::uint32_t kFolderGoneMask = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED;
constexpr std::uint32_t kWatchedMask =
    kContentMask | kNameMask | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

// An event takes 16 bytes and a name of at most 256; by default the kernel keeps 16,384 of them.
constexpr std::size_t kBufferSize = 16u << 10;
constexpr int kMostReads = 64;

struct FolderAndName {
  std::string folder;
  std::string name;
};

FolderAndName split(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {.folder = ".", .name = path};
  return {.folder = slash == 0 ? "/" : path.substr(0, slash), .name = path.substr(slash + 1)};
}

std::unexpected<Error> fail_with_hint(std::string what, std::string path, int error,
                                      int error_of_limit, std::string_view hint) {
  auto failure = fail_system(std::move(what), std::move(path), error);
  if (error == error_of_limit) failure.error().message += hint;
  return failure;
}

std::unexpected<Error> fail_without_memory_to_watch() {
  return fail(ErrorCode::kOutOfMemory, "not enough memory to watch files");
}

FileWatch::Change::Kind kind_of(std::uint32_t mask) {
  if ((mask & kNameMask) != 0) return FileWatch::Change::Kind::kName;
  if ((mask & kContentMask) != 0) return FileWatch::Change::Kind::kContent;
  return FileWatch::Change::Kind::kAttributes;
}

void append(std::vector<FileWatch::Change>& out, FileWatch::Change::Kind kind,
            const std::string& path) {
  FileWatch::Change change{.kind = kind, .path = path};
  if (out.empty() || out.back() != change) out.push_back(std::move(change));
}

}  // namespace

Result<FileWatch> FileWatch::create(SystemCalls& calls) {
  FileWatch watch;
  watch.descriptor_ = Descriptor(calls.inotify_init1(IN_NONBLOCK), calls);
  if (watch.descriptor_) return watch;
  return fail_with_hint("watch files", {}, errno, EMFILE,
                        " (or fs.inotify.max_user_instances is reached)");
}

Result<void> FileWatch::add(const std::string& path) try {
  if (watches_.contains(path)) return {};
  auto [folder, name] = split(path);
  if (name.empty()) {
    return std::unexpected(Error{
        .code = ErrorCode::kInvalidArgument, .message = "names no file to watch", .path = path});
  }
  // All that needs memory is there before the watch is, so that no failure has to undo it.
  Folder entry;
  entry.emplace(std::move(name), path);
  std::map<std::string, int> watched;
  const auto number = watched.emplace(path, -1).first;
  std::map<int, Folder> fresh;
  fresh.emplace(-1, Folder());
  const int watch =
      descriptor_.calls().inotify_add_watch(descriptor_.get(), folder.c_str(), kWatchedMask);
  if (watch < 0) {
    return fail_with_hint("watch the folder of the file", path, errno, ENOSPC,
                          " (fs.inotify.max_user_watches is reached)");
  }
  // The kernel gives the number it gave before where it watches the folder already.
  auto found = folders_.find(watch);
  if (found == folders_.end()) {
    auto node = fresh.extract(-1);
    node.key() = watch;
    found = folders_.insert(std::move(node)).position;
  }
  found->second.merge(entry);
  number->second = watch;
  watches_.merge(watched);
  return {};
} catch (const std::bad_alloc&) {
  return fail_without_memory_to_watch();
}

Result<void> FileWatch::remove(const std::string& path) {
  const auto watched = watches_.find(path);
  if (watched == watches_.end()) return {};
  const int watch = watched->second;
  watches_.erase(watched);
  const auto folder = folders_.find(watch);
  std::erase_if(folder->second, [&](const auto& entry) { return entry.second == path; });
  if (!folder->second.empty()) return {};
  folders_.erase(folder);
  // What the kernel still has to say of this number is skipped: it gives none twice.
  if (descriptor_.calls().inotify_rm_watch(descriptor_.get(), watch) == 0) return {};
  if (errno == EINVAL) return {};  // the folder is gone, and we have not polled that yet
  return fail_system("end the watch of the file's folder", path, errno);
}

Result<void> FileWatch::poll_changes(const std::function<void(const Change&)>& changed) {
  std::vector<Change> changes;
  try {
    if (has_lost_) append(changes, Change::Kind::kEverything, {});
    has_lost_ = true;  // until all is told
    SMF_TRY(read_events(changes));
  } catch (const std::bad_alloc&) {
    return fail_without_memory_to_watch();
  }
  // Only now: `changed` may change what is watched.
  for (const Change& change : changes) changed(change);
  has_lost_ = false;
  return {};
}

Result<void> FileWatch::read_events(std::vector<Change>& out) {
  alignas(inotify_event) std::array<char, kBufferSize> buffer;
  for (int i = 0; i < kMostReads; ++i) {
    const ssize_t got = descriptor_.calls().read(descriptor_.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EAGAIN) return {};
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_system("read what happened to watched files", {}, errno);
    for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof event);
      // The name is padded with zeros.
      const char* const name = buffer.data() + at + sizeof event;
      take(event.wd, event.mask, {name, ::strnlen(name, event.len)}, out);
      at += sizeof event + event.len;
    }
  }
  return {};
}

void FileWatch::take(int watch, std::uint32_t mask, std::string_view name,
                     std::vector<Change>& out) {
  if ((mask & IN_Q_OVERFLOW) != 0) return append(out, Change::Kind::kEverything, {});
  if ((mask & kFolderGoneMask) != 0) return forget(watch, out);
  const auto folder = folders_.find(watch);
  if (folder == folders_.end()) return;  // removed meanwhile
  const auto [first, last] = folder->second.equal_range(name);
  for (auto entry = first; entry != last; ++entry) append(out, kind_of(mask), entry->second);
}

// The folder is watched no more, or no longer where its path says.
void FileWatch::forget(int watch, std::vector<Change>& out) {
  const auto folder = folders_.find(watch);
  if (folder == folders_.end()) return;
  for (const auto& [name, path] : folder->second) append(out, Change::Kind::kUnwatched, path);
  for (const auto& [name, path] : folder->second) watches_.erase(path);
  folders_.erase(folder);
  // It has ended by itself, unless the folder was only moved.
  static_cast<void>(descriptor_.calls().inotify_rm_watch(descriptor_.get(), watch));
}

}  // namespace smf::os
