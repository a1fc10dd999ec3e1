#include "runtime/cache/name_watch.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <deque>
#include <new>

namespace smf::internal {
namespace {

constexpr int kMostLinks = 40;  // as the kernel
constexpr int kMostRounds = 4;  // of resolving a path whose links change meanwhile

// The parts of a path in front of those that are there.
void prepend_parts(std::string_view path, std::deque<std::string>& parts) {
  std::vector<std::string> found;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (!part.empty() && part != ".") found.emplace_back(part);
  }
  parts.insert(parts.begin(), found.begin(), found.end());
}

bool is_absolute(std::string_view path) { return path.starts_with('/'); }

// `folder` has no links in it.
std::string parent_of(const std::string& folder) {
  if (folder == "/") return folder;
  const std::size_t slash = folder.rfind('/');
  const std::string_view last = std::string_view(folder).substr(slash + 1);
  if (folder.empty()) return "..";
  if (last == "..") return folder + "/..";
  if (slash == std::string::npos) return {};
  return slash == 0 ? "/" : folder.substr(0, slash);
}

std::string join(const std::string& folder, const std::string& name) {
  if (folder.empty()) return name;
  return folder == "/" ? folder + name : folder + "/" + name;
}

}  // namespace

Result<std::vector<std::string>> links_and_file(std::string_view path, os::SystemCalls& calls) {
  std::vector<std::string> points;
  std::deque<std::string> parts;
  prepend_parts(path, parts);
  std::string reached = is_absolute(path) ? "/" : "";
  std::array<char, PATH_MAX> target;
  while (!parts.empty()) {
    const std::string part = std::move(parts.front());
    parts.pop_front();
    if (part == "..") {
      reached = parent_of(reached);
      continue;
    }
    std::string next = join(reached, part);
    const ssize_t length = calls.readlink(next.c_str(), target.data(), target.size());
    if (length < 0) {
      // No link, or nothing at all, which whoever opens it will see.
      if (errno != EINVAL && errno != ENOENT && errno != ENOTDIR)
        return fail_system("resolve the path", std::string(path), errno);
      reached = std::move(next);
      continue;
    }
    if (points.size() == kMostLinks)
      return fail_system("resolve the path", std::string(path), ELOOP);
    const std::string_view where(target.data(), static_cast<std::size_t>(length));
    points.push_back(std::move(next));
    prepend_parts(where, parts);
    if (is_absolute(where)) reached.assign(1, '/');
  }
  points.push_back(std::move(reached));
  return points;
}

// A link that is switched after it was read and before it is watched would be missed: so links are
// read until they are what has been watched before.
void NameWatch::add(const std::string& path) {
  {
    const Lock lock(mutex_);
    if (is_closed_) return;
    entries_[path].has_changed = false;
  }
  for (int round = 0; round < kMostRounds; ++round) {
    const auto points = links_and_file(path, calls_);
    const Lock lock(mutex_);
    if (is_closed_) return;
    Entry& entry = entries_[path];
    entry.is_watched = false;
    const bool is_known = points && *points == entry.points;
    const std::size_t before = watch_ ? watch_->size() : 0;
    if (!points || !add_points(path, entry, *points)) return give_up(path, entry);
    // Most paths have no links, and need not be read again as a whole.
    char first = 0;
    entry.is_watched =
        (is_known && watch_->size() == before) ||
        (points->size() == 1 && calls_.readlink(points->front().c_str(), &first, 1) < 0);
    if (!entry.is_watched) continue;
    entry.is_refused = false;
    return;
  }
  const Lock lock(mutex_);
  if (const auto entry = entries_.find(path); entry != entries_.end()) give_up(path, entry->second);
}

void NameWatch::give_up(std::string_view path, Entry& entry) {
  drop_points(path, entry);
  entry.is_refused = true;
}

bool NameWatch::add_points(const std::string& path, Entry& entry, const Points& points) {
  if (!watch_) {
    auto created = os::FileWatch::create(calls_);
    if (!created) return false;
    watch_.emplace(*std::move(created));
  }
  if (points != entry.points) {
    drop_points(path, entry);
    entry.points = points;
  }
  return std::ranges::all_of(entry.points, [&](const std::string& point) {
    dependents_.emplace(point, path);
    return watch_->add(point).has_value();
  });
}

void NameWatch::drop_points(std::string_view path, Entry& entry) {
  for (const std::string& point : entry.points) {
    const auto known = dependents_.find(Less::View(point, path));
    if (known == dependents_.end()) continue;
    dependents_.erase(known);
    const auto other = dependents_.lower_bound(Less::View(point, {}));
    if (other == dependents_.end() || other->first != point) end_watch(point);
  }
  entry.points.clear();
}

// One that does not end as it should has at least been forgotten.
void NameWatch::end_watch(const std::string& point) noexcept {
  try {
    static_cast<void>(watch_->remove(point));
  } catch (const std::bad_alloc&) {
    // There is no memory to say what failed, and nobody to say it to.
  }
}

void NameWatch::settle(std::string_view path, std::atomic<std::int64_t>& checked) const {
  const Lock lock(mutex_);
  const auto entry = entries_.find(path);
  if (entry == entries_.end() || entry->second.has_changed)
    checked.store(kNeverChecked, std::memory_order_relaxed);
  else if (entry->second.is_watched)
    checked.store(kWatched, std::memory_order_relaxed);
}

void NameWatch::remove(std::string_view path) {
  const Lock lock(mutex_);
  const auto entry = entries_.find(path);
  if (entry == entries_.end()) return;
  drop_points(path, entry->second);
  entries_.erase(entry);
}

void NameWatch::close() {
  const Lock lock(mutex_);
  is_closed_ = true;
  entries_.clear();
  dependents_.clear();
  watch_.reset();
}

void NameWatch::poll(std::int64_t now, const Mark& mark) {
  Lock lock(mutex_, std::defer_lock);
  if (interval_ == 0)
    lock.lock();
  else if (!lock.try_lock())
    return;
  if (!is_due(now)) return;  // another thread has been at it
  if (watch_ && !watch_->poll_changes([&](const auto& change) { take(change, mark); }))
    take_all(mark);
  next_.store(now + interval_, std::memory_order_relaxed);
}

void NameWatch::take(const os::FileWatch::Change& change, const Mark& mark) {
  using Kind = os::FileWatch::Change::Kind;
  if (change.kind == Kind::kEverything) return take_all(mark);
  for (auto it = dependents_.lower_bound(Less::View(change.path, {}));
       it != dependents_.end() && it->first == change.path; ++it) {
    Entry& entry = entries_.find(it->second)->second;
    entry.has_changed = true;
    if (change.kind == Kind::kUnwatched) entry.is_watched = false;
    mark(it->second);
  }
}

void NameWatch::take_all(const Mark& mark) {
  for (auto& [path, entry] : entries_) {
    entry.has_changed = true;
    mark(path);
  }
}

std::uint64_t NameWatch::unwatched() const {
  const Lock lock(mutex_);
  return static_cast<std::uint64_t>(
      std::ranges::count_if(entries_, [](const auto& entry) { return entry.second.is_refused; }));
}

}  // namespace smf::internal
