#include "runtime/cache/cache_state.h"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <new>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"

namespace smf::internal {
namespace {

constexpr std::int64_t kNeverChecked = INT64_MIN;

std::uint64_t hash_of(std::string_view path) { return xxh3_64(as_bytes(path)); }

// Milliseconds of the coarse clock: 2 ns to read, and ticks as often as the kernel does.
std::int64_t now_ms() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
}

std::unexpected<Error> out_of_memory(std::string_view path) {
  return std::unexpected(Error{.code = ErrorCode::kOutOfMemory,
                               .message = "not enough memory to open the module",
                               .path = std::string(path)});
}

Bytes section_table(const SmfView& view) {
  const Header& header = view.header();
  return view.file().subspan(header.section_table,
                             header.section_count * header.section_entry_size());
}

}  // namespace

CacheState::CacheState(const CacheOptions& options)
    : options_(options),
      calls_(options.calls != nullptr ? *options.calls : os::SystemCalls::kernel()),
      contents_(*this, options.decompression, options.max_frame_bytes),
      cells_(ThreadCells::create()),
      eviction_(Eviction::create(options.eviction)) {}

CacheState::~CacheState() { SMF_CHECK(left_.empty()); }

Result<ModuleRef> CacheState::get(std::string_view path) {
  const std::uint64_t hash = hash_of(path);
  if (ModuleRef found = hit(hash, path)) return found;
  try {
    return get_slowly(hash, std::string(path));
  } catch (const std::bad_alloc&) {
    const Lock lock(mutex_);
    ++counts_.errors;
    return out_of_memory(path);
  }
}

ModuleRef CacheState::hit(std::uint64_t hash, std::string_view path) {
  CellsOfThread* const mine = cells_->mine();
  if (mine == nullptr) return {};
  const Section section(*mine);
  const Name* const name = table_.find(hash, path);
  if (name == nullptr || is_due(*name)) return {};
  CachedModule* const module = name->module.load(std::memory_order_acquire);
  if (!mine->take(module->number, cells_->now())) return {};
  mine->hits.store(mine->hits.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  return ModuleRef(module);
}

bool CacheState::is_due(const Name& name) const {
  const std::int64_t checked = name.checked.load(std::memory_order_relaxed);
  switch (options_.revalidation) {
    case Revalidation::kNever:
      return checked == kNeverChecked;
    case Revalidation::kAlways:
      return true;
    case Revalidation::kInterval:
      return checked == kNeverChecked || now_ms() - checked >= options_.interval.count();
  }
  return true;
}

Result<ModuleRef> CacheState::get_slowly(std::uint64_t hash, const std::string& path) {
  Lock lock(mutex_);
  if (auto loaded = load_or_wait(lock, hash, path); !loaded) {
    ++counts_.errors;
    collect();
    return std::unexpected(std::move(loaded).error());
  }
  const Name* const name = table_.find(hash, path);
  SMF_CHECK(name != nullptr);
  CachedModule& module = *name->module.load(std::memory_order_relaxed);
  const bool is_pinned = pin(module);
  collect();
  if (!is_pinned) return out_of_memory(path);
  return ModuleRef(&module);
}

// Afterwards the path is there, or there is an error.
Result<void> CacheState::load_or_wait(Lock& lock, std::uint64_t hash, const std::string& path) {
  while (true) {
    const auto running = loads_.find(path);
    if (running == loads_.end()) break;
    if (table_.find(hash, path) == nullptr) ++counts_.misses;
    const std::shared_ptr<Load> load = running->second;
    loaded_.wait(lock, [&] { return load->is_done; });
    if (load->error) return std::unexpected(*load->error);
    if (table_.find(hash, path) != nullptr) return {};
  }
  const auto load = std::make_shared<Load>();
  loads_.emplace(path, load);
  const auto finish = [&](std::optional<Error> error) {
    load->is_done = true;
    load->error = std::move(error);
    loads_.erase(path);
    loaded_.notify_all();
  };
  try {
    auto done = bring_up_to_date(lock, hash, path);
    finish(done ? std::nullopt : std::optional(done.error()));
    return done;
  } catch (const std::bad_alloc&) {
    if (!lock.owns_lock()) lock.lock();
    finish(out_of_memory({}).error());
    throw;
  }
}

Result<void> CacheState::bring_up_to_date(Lock& lock, std::uint64_t hash, const std::string& path) {
  Name* name = table_.find(hash, path);
  if (name == nullptr) return load(lock, hash, path);
  if (!is_due(*name)) {
    ++counts_.hits;
    return {};
  }
  ++counts_.revalidations;
  const std::int64_t now = now_ms();
  lock.unlock();
  auto identity = ModuleFile::identify(path, calls_);
  lock.lock();
  name = table_.find(hash, path);
  if (!identity) {
    if (name != nullptr) unlink_name(*name);
    return std::unexpected(std::move(identity).error());
  }
  if (name == nullptr) return load(lock, hash, path);
  if (*identity != name->module.load(std::memory_order_relaxed)->identity)
    return load(lock, hash, path);
  name->checked.store(now, std::memory_order_relaxed);
  ++counts_.hits;
  return {};
}

Result<void> CacheState::load(Lock& lock, std::uint64_t hash, const std::string& path) {
  ++counts_.misses;
  lock.unlock();
  auto file = ModuleFile::load(path, options_.placement, calls_);
  lock.lock();
  if (!file) {
    if (Name* const name = table_.find(hash, path)) unlink_name(*name);
    return std::unexpected(std::move(file).error());
  }
  enter(*std::move(file), hash, path);
  return {};
}

void CacheState::enter(ModuleFile file, std::uint64_t hash, const std::string& path) {
  const std::int64_t now = now_ms();
  Name* name = table_.find(hash, path);
  if (name != nullptr) {
    CachedModule& old = *name->module.load(std::memory_order_relaxed);
    const bool is_note = is_note_update(old, file);
    if (is_note && old.file.is_mapped() && !old.file.is_truncated()) {
      set_identity(old, file.identity());
      ++counts_.note_updates;
      name->checked.store(now, std::memory_order_relaxed);
      return;
    }
    ++(is_note ? counts_.note_updates : counts_.replacements);
    unlink_name(*name);
  }
  // Whatever leaves later finds room to do so.
  garbage_.names.reserve(garbage_.names.size() + table_.size() + 1);
  auto fresh = std::make_unique<Name>(hash, path);
  fresh->checked.store(now, std::memory_order_relaxed);
  CachedModule& module = module_for(std::move(file));
  name = fresh.get();
  name->module.store(&module, std::memory_order_relaxed);
  try {
    module.names.push_back(std::move(fresh));
    garbage_.tables.reserve(garbage_.tables.size() + 1);
    if (auto old_slots = table_.insert(name)) garbage_.tables.push_back(std::move(old_slots));
  } catch (const std::bad_alloc&) {
    if (!module.names.empty() && module.names.back().get() == name) module.names.pop_back();
    if (module.names.empty()) unlink(module);
    throw;
  }
}

// The module of this file: one that another name leads to, or a new one.
CachedModule& CacheState::module_for(ModuleFile file) {
  if (const auto known = by_identity_.find(file.identity()); known != by_identity_.end())
    return *known->second;
  const std::uint64_t bytes = file.view().file().size();
  make_room(1, bytes);
  garbage_.modules.reserve(garbage_.modules.size() + files_ + 1);
  left_.reserve(left_.size() + garbage_.modules.size() + files_ + 1);
  free_numbers_.reserve(modules_.size() + 1);
  if (free_numbers_.empty()) {
    modules_.emplace_back();
    free_numbers_.push_back(static_cast<ModuleNumber>(modules_.size() - 1));
  }
  const ModuleNumber number = free_numbers_.back();
  auto module = std::make_unique<CachedModule>(std::move(file), number);
  module->state = this;
  const auto place = by_identity_.emplace(module->identity, module.get()).first;
  try {
    eviction_->insert(number, cells_->tick());
  } catch (const std::bad_alloc&) {
    by_identity_.erase(place);
    throw;
  }
  free_numbers_.pop_back();
  modules_[number] = std::move(module);
  ++files_;
  bytes_ += bytes;
  (modules_[number]->file.is_mapped() ? counts_.bytes_mapped : counts_.bytes_read) += bytes;
  return *modules_[number];
}

// Whether only the note of the file was changed, in place.
bool CacheState::is_note_update(const CachedModule& module, const ModuleFile& file) const {
  if (!module.identity.is_same_file(file.identity())) return false;
  const SmfView &before = module.file.view(), &now = file.view();
  return before.header() == now.header() &&
         std::ranges::equal(section_table(before), section_table(now));
}

void CacheState::set_identity(CachedModule& module, const FileIdentity& identity) {
  auto node = by_identity_.extract(module.identity);
  module.identity = identity;
  if (node.empty()) return;
  node.key() = identity;
  by_identity_.insert(std::move(node));
}

void CacheState::make_room(std::uint64_t files, std::uint64_t bytes, const CachedModule* kept) {
  const auto read = [this](ModuleNumber number) { return cells_->stamp(number); };
  FrameCache& frames = contents_.frames();
  bool is_set_aside = false;
  while (eviction_->size() > 0 && (files_ + files > options_.max_files ||
                                   bytes_ + frames.bytes() + bytes > options_.max_bytes)) {
    const ModuleNumber victim = eviction_->evict(read);
    if (modules_[victim].get() == kept) {
      is_set_aside = true;
      continue;
    }
    unlink(*modules_[victim]);
    ++counts_.evictions;
  }
  // Takes no memory: it was there before.
  if (is_set_aside) eviction_->insert(kept->number, cells_->stamp(kept->number));
  const std::uint64_t others = std::min(bytes_ + bytes, options_.max_bytes);
  frames.shrink(options_.max_bytes - others);
}

void CacheState::charge(CachedModule& module, std::uint64_t bytes) {
  const Lock lock(mutex_);
  const bool is_in_cache = !module.has_left.load(std::memory_order_relaxed);
  if (is_in_cache) make_room(0, bytes, &module);
  // What has left is among the held afterwards, if it is pinned.
  collect();
  module.charged += bytes;
  if (is_in_cache) {
    bytes_ += bytes;
    counts_.bytes_decompressed += bytes;
  } else {
    counts_.held_bytes += bytes;
  }
}

void CacheState::keep_frame(const CachedModule& module, const FrameCache::Key& key,
                            const FrameCache::Frame& frame) {
  FrameCache& frames = contents_.frames();
  if (frame.cost() > frames.max_bytes()) return;
  const Lock lock(mutex_);
  // Of frames as many as have to go anyway: no module goes for what they leave.
  frames.shrink(frames.max_bytes() - frame.cost());
  make_room(0, frame.cost(), &module);
  collect();
  frames.insert(key, frame);
}

std::string CacheState::path_of(const CachedModule& module) {
  const Lock lock(mutex_);
  return module.names.empty() ? std::string() : module.names.front()->path;
}

void CacheState::unlink(CachedModule& module) {
  for (auto& name : module.names) {
    table_.erase(name.get());
    garbage_.names.push_back(std::move(name));
  }
  module.names.clear();
  eviction_->erase(module.number);
  if (const auto known = by_identity_.find(module.identity);
      known != by_identity_.end() && known->second == &module)
    by_identity_.erase(known);
  --files_;
  bytes_ -= module.weight();
  counts_.bytes_decompressed -= module.charged;
  if (ModuleContent* const content = module.content.get()) content->drop_frames();
  (module.file.is_mapped() ? counts_.bytes_mapped : counts_.bytes_read) -= module.size();
  module.has_left.store(true, std::memory_order_relaxed);
  garbage_.modules.push_back(std::move(modules_[module.number]));
}

void CacheState::unlink_name(Name& name) {
  CachedModule& module = *name.module.load(std::memory_order_relaxed);
  if (module.names.size() == 1) return unlink(module);
  table_.erase(&name);
  const auto place = std::ranges::find(module.names, &name, &std::unique_ptr<Name>::get);
  garbage_.names.push_back(std::move(*place));
  module.names.erase(place);
}

std::uint32_t CacheState::pins(const CachedModule& module) const {
  const std::uint32_t elsewhere = module.let_go_elsewhere.load(std::memory_order_acquire);
  return cells_->pins(module.number) - elsewhere;
}

void CacheState::collect() {
  if (garbage_.is_empty()) return;
  cells_->wait_for_readers();
  for (auto& module : garbage_.modules) {
    if (pins(*module) == 0) {
      cells_->reset(module->number);
      free_numbers_.push_back(module->number);
      continue;
    }
    ++counts_.held_files;
    counts_.held_bytes += module->weight();
    module->keeper = shared_from_this();
    left_.push_back(std::move(module));
  }
  // The room for what leaves next stays.
  garbage_.modules.clear();
  garbage_.names.clear();
  garbage_.tables.clear();
}

bool CacheState::pin(CachedModule& module) {
  CellsOfThread* const mine = cells_->mine();
  return mine != nullptr && mine->take(module.number, cells_->now());
}

void CacheState::let_go(CachedModule& module) {
  CellsOfThread* const mine = cells_->mine();
  // A pin needed the cell, but maybe another thread's.
  if (mine == nullptr || mine->cell(module.number) == nullptr) return let_go_elsewhere(module);
  std::shared_ptr<CacheState> self;
  {
    const Section section(*mine);
    mine->let_go(module.number);
    Section::reader_fence();
    if (!module.has_left.load(std::memory_order_acquire)) return;
    // Inside of the section the module is there, and so is what it keeps.
    self = shared_from_this();
  }
  release_left(&module);
}

// Without a cell to count in.
void CacheState::let_go_elsewhere(CachedModule& module) {
  std::shared_ptr<CacheState> self;
  {
    const Lock lock(mutex_);
    self = shared_from_this();
    module.let_go_elsewhere.fetch_add(1, std::memory_order_release);
    if (!module.has_left.load(std::memory_order_relaxed)) return;
  }
  release_left(&module);
}

// Frees a module that has left, if it was let go by all; another thread may have done so already,
// so it is looked for by its address only.
void CacheState::release_left(const CachedModule* module) {
  std::unique_ptr<CachedModule> freed;
  const Lock lock(mutex_);
  const auto place = std::ranges::find(left_, module, &std::unique_ptr<CachedModule>::get);
  if (place == left_.end() || pins(**place) != 0) return;
  cells_->wait_for_readers();
  freed = std::move(*place);
  left_.erase(place);
  --counts_.held_files;
  counts_.held_bytes -= freed->weight();
  cells_->reset(freed->number);
  free_numbers_.push_back(freed->number);
}

ModuleRef CacheState::find(std::string_view path) {
  const Lock lock(mutex_);
  const Name* const name = table_.find(hash_of(path), path);
  if (name == nullptr) return {};
  CachedModule& module = *name->module.load(std::memory_order_relaxed);
  CellsOfThread* const mine = cells_->mine();
  if (mine == nullptr || !mine->take_unused(module.number)) return {};
  return ModuleRef(&module);
}

bool CacheState::evict(std::string_view path) {
  const Lock lock(mutex_);
  const Name* const name = table_.find(hash_of(path), path);
  if (name == nullptr) return false;
  unlink(*name->module.load(std::memory_order_relaxed));
  collect();
  return true;
}

bool CacheState::invalidate(std::string_view path) {
  const Lock lock(mutex_);
  Name* const name = table_.find(hash_of(path), path);
  if (name == nullptr) return false;
  name->checked.store(kNeverChecked, std::memory_order_relaxed);
  return true;
}

void CacheState::clear() {
  const Lock lock(mutex_);
  for (std::size_t i = 0; i < modules_.size(); ++i)
    if (modules_[i] != nullptr) unlink(*modules_[i]);
  collect();
}

CacheStats CacheState::stats() {
  const Lock lock(mutex_);
  CacheStats stats = counts_;
  stats.files = files_;
  stats.names = table_.size();
  stats.hits += cells_->hits();
  stats.bytes_frames = contents_.frames().bytes();
  stats.frame_evictions = contents_.frames().evictions();
  const SectionContents::Counts counts = contents_.counts();
  stats.decompressions = counts.decompressions;
  stats.frame_hits = counts.frame_hits;
  stats.frame_misses = counts.frame_misses;
  return stats;
}

}  // namespace smf::internal
