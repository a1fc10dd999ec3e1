#include "runtime/cache/cache_state.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <new>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/format/hashes.h"

namespace smf::internal {
namespace {

// Milliseconds of the coarse clock: 2 ns to read, and ticks as often as the kernel does.
std::int64_t now_ms() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
}

// Of itself it takes memory for the path only, and can do without.
std::unexpected<Error> out_of_memory(std::string_view path) {
  Error error{.code = ErrorCode::kOutOfMemory, .message = "out of memory"};
  try {
    error.path = path;
  } catch (const std::bad_alloc&) {
    error.path.clear();
  }
  return std::unexpected(std::move(error));
}

Name* make_name(std::string_view path, CachedModule& module) {
  void* const memory = ::operator new(sizeof(Name) + path.size());
  return ::new (memory) Name(path, &module, module.number());
}

void free_name(Name* name) {
  name->~Name();
  ::operator delete(name);
}

// The XXH3-128 that the module stores of its content, halves low and high.
std::optional<std::pair<std::uint64_t, std::uint64_t>> content_hash(const ModuleFile& file) {
  const auto hashes = stored_hashes(file.view());
  if (!hashes || !*hashes) return std::nullopt;
  return std::pair((*hashes)->content.low, (*hashes)->content.high);
}

Bytes section_table(const SmfView& view) {
  const Header& header = view.header();
  return view.file().subspan(header.section_table,
                             header.section_count * header.section_entry_size());
}

Slabs make_slabs(os::SystemCalls& calls) {
  auto slabs = Slabs::create(calls);
  if (!slabs) throw std::bad_alloc();
  return *std::move(slabs);
}

}  // namespace

CacheState::CacheState(const CacheOptions& options)
    : options_(options),
      calls_(options.calls != nullptr ? *options.calls : os::SystemCalls::kernel()),
      slabs_(make_slabs(calls_)),
      contents_(*this, options.decompression, options.max_frame_bytes),
      cells_(ThreadCells::create()),
      watch_(options.revalidation == Revalidation::kWatch
                 ? std::make_unique<NameWatch>(calls_, options.interval)
                 : nullptr),
      eviction_(Eviction::create(options.eviction)) {}

CacheState::~CacheState() { SMF_CHECK(left_.is_empty()); }

Result<ModuleRef> CacheState::get(std::string_view path) {
  const std::uint64_t hash = PathTable::hash(path);
  if (CachedModule* const found = hit(hash, path)) [[likely]]
    return ModuleRef(found);
  try {
    return get_slowly(hash, std::string(path));
  } catch (const std::bad_alloc&) {
    const Lock lock(mutex_);
    ++counts_.errors;
    return out_of_memory(path);
  }
}

ModuleRef CacheState::hit(std::string_view path) {
  return ModuleRef(hit(PathTable::hash(path), path));
}

inline CachedModule* CacheState::hit(std::uint64_t hash, std::string_view path) {
  CellsOfThread* const mine = cells_->mine();
  if (mine == nullptr) return nullptr;
  if (watch_ != nullptr) [[unlikely]]
    poll_watch(*mine);
  const Section section(*mine);
  const Name* const name = table_.find(hash, path);
  if (name == nullptr || is_due(*name)) return nullptr;
  if (!mine->take(name->number, cells_->now())) return nullptr;
  CellsOfThread::add_one(mine->hits);
  return name->module;
}

inline bool CacheState::is_due(const Name& name) const {
  const std::int64_t checked = name.checked.load(std::memory_order_relaxed);
  switch (options_.revalidation) {
    case Revalidation::kNever:
      return checked == kNeverChecked;
    case Revalidation::kAlways:
      return true;
    case Revalidation::kWatch:
      if (checked == kWatched) return false;
      [[fallthrough]];
    case Revalidation::kInterval:
      return checked == kNeverChecked || now_ms() - checked >= options_.interval.count();
  }
  return true;
}

void CacheState::poll_watch(CellsOfThread& mine) {
  const std::int64_t now = now_ms();
  if (!watch_->is_due(now)) return;
  watch_->poll(now, [&](const std::string& path) {
    const Section section(mine);
    if (Name* const name = table_.find(PathTable::hash(path), path))
      name->checked.store(kNeverChecked, std::memory_order_relaxed);
  });
}

Result<ModuleRef> CacheState::get_slowly(std::uint64_t hash, const std::string& path) {
  Lock lock(mutex_);
  const auto found = load_or_wait(lock, hash, path);
  if (!found) {
    ++counts_.errors;
    collect();
    return std::unexpected(found.error());
  }
  const Name* const name = table_.find(hash, path);
  SMF_CHECK(name != nullptr);
  CachedModule& module = *name->module;
  CellsOfThread* const mine = cells_->mine();
  const bool is_pinned =
      mine != nullptr && (*found == Found::kNew ? mine->take_unused(module.number())
                                                : mine->take(module.number(), cells_->now()));
  collect();
  if (!is_pinned) return out_of_memory(path);
  return ModuleRef(&module);
}

// Afterwards the path is there, or there is an error.
Result<CacheState::Found> CacheState::load_or_wait(Lock& lock, std::uint64_t hash,
                                                   const std::string& path) {
  while (true) {
    const auto running = loads_.find(path);
    if (running == loads_.end()) break;
    if (table_.find(hash, path) == nullptr) ++counts_.misses;
    const std::shared_ptr<Load> load = running->second;
    loaded_.wait(lock, [&] { return load->is_done; });
    if (load->error) return std::unexpected(*load->error);
    if (table_.find(hash, path) != nullptr) return Found::kThere;
  }
  const auto load = std::make_shared<Load>();
  loads_.emplace(path, load);
  const auto finish = [&](std::optional<Error> error) {
    if (watch_ != nullptr) settle_watch(hash, path);
    if (load->is_stale) make_due(hash, path);
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

Result<CacheState::Found> CacheState::bring_up_to_date(Lock& lock, std::uint64_t hash,
                                                       const std::string& path) {
  Name* name = table_.find(hash, path);
  if (name == nullptr) return load(lock, hash, path);
  if (!is_due(*name)) {
    ++counts_.hits;
    return Found::kThere;
  }
  ++counts_.revalidations;
  const std::int64_t now = now_ms();
  lock.unlock();
  if (watch_ != nullptr) watch_->add(path);
  auto identity = ModuleFile::identify(path, calls_);
  lock.lock();
  name = table_.find(hash, path);
  if (!identity) {
    if (name != nullptr) unlink_name(*name);
    return std::unexpected(std::move(identity).error());
  }
  if (name == nullptr) return load(lock, hash, path);
  if (*identity != identity_of(*name) || name->module->file.is_truncated())
    return load(lock, hash, path);
  name->checked.store(now, std::memory_order_relaxed);
  ++counts_.hits;
  return Found::kThere;
}

Result<CacheState::Found> CacheState::load(Lock& lock, std::uint64_t hash,
                                           const std::string& path) {
  ++counts_.misses;
  lock.unlock();
  if (watch_ != nullptr) watch_->add(path);
  const auto begun = std::chrono::steady_clock::now();
  auto file = ModuleFile::load(path, {options_.placement, options_.map_from}, slabs_, calls_);
  const std::chrono::nanoseconds taken = std::chrono::steady_clock::now() - begun;
  lock.lock();
  if (!file) {
    if (Name* const name = table_.find(hash, path)) unlink_name(*name);
    return std::unexpected(std::move(file).error());
  }
  count_load_time(static_cast<std::uint64_t>(taken.count()));
  return enter(*std::move(file), hash, path);
}

// What is in the cache is watched, and nothing else.
void CacheState::settle_watch(std::uint64_t hash, const std::string& path) {
  Name* const name = table_.find(hash, path);
  if (name == nullptr) return watch_->remove(path);
  watch_->settle(path, name->checked);
}

void CacheState::count_load_time(std::uint64_t ns) {
  ++counts_.load_times[CacheStats::load_time_index(ns)];
  counts_.load_time_ns += ns;
}

CacheState::Found CacheState::enter(ModuleFile file, std::uint64_t hash, const std::string& path) {
  const std::int64_t now = now_ms();
  const FileIdentity identity = file.identity();
  Name* name = table_.find(hash, path);
  if (name != nullptr) {
    CachedModule& old = *name->module;
    const bool is_note = !is_of_other_file(*name) && is_note_update(old, file);
    if (is_note && old.file.is_mapped() && !old.file.is_truncated()) {
      set_identity(old, identity);
      unlink_other_files(old);
      ++counts_.note_updates;
      name->checked.store(now, std::memory_order_relaxed);
      return Found::kThere;
    }
    ++(is_note ? counts_.note_updates : counts_.replacements);
    unlink_name(*name);
  }
  bool is_other_file = false;
  Found found = Found::kThere;
  if (CachedModule* const known = by_identity_.find(identity)) {
    name = make_name(path, *known);
  } else if (CachedModule* const equal = find_equal(file)) {
    name = make_name(path, *equal);
    is_other_file = true;
  } else {
    name = &add(std::move(file), path).first_name();
    found = Found::kNew;
  }
  name->checked.store(now, std::memory_order_relaxed);
  CachedModule& module = *name->module;
  try {
    if (is_other_file) other_files_.emplace(name, identity);
    if (PathTable::Slots* const old = table_.insert(hash, name)) garbage_.tables.push(old);
    module.add_name(*name);
  } catch (const std::bad_alloc&) {
    discard(name);
    if (!module.has_names()) unlink(module);
    throw;
  }
  return found;
}

// A new module, whose first name is `path`, and which no name leads to yet. Whatever leaves later
// needs no memory to do so.
CachedModule& CacheState::add(ModuleFile file, std::string_view path) {
  const std::uint64_t bytes = file.bytes().size();
  make_room(1, bytes);
  by_identity_.reserve_one();
  const ModuleNumber number = modules_.next_free();
  auto module = CachedModule::create(std::move(file), number, *this, path);
  remember_content(*module);
  try {
    eviction_->insert(number, cells_->tick());
  } catch (const std::bad_alloc&) {
    forget_content(*module);
    throw;
  }
  by_identity_.insert(*module);
  ++files_;
  bytes_ += bytes;
  (module->file.is_mapped() ? counts_.bytes_mapped : counts_.bytes_read) += bytes;
  CachedModule& added = *module;
  modules_.set(std::move(module));
  return added;
}

// The stored hash only finds candidates: whoever writes a file writes its hash.
CachedModule* CacheState::find_equal(const ModuleFile& file) const {
  if (!options_.share_content) return nullptr;
  const auto hash = content_hash(file);
  if (!hash) return nullptr;
  const auto [begin, end] = by_content_.equal_range(*hash);
  const Bytes bytes = file.bytes();
  for (auto at = begin; at != end; ++at) {
    const ModuleFile& other = at->second->file;
    if (std::ranges::equal(other.bytes(), bytes) && !other.is_truncated()) return at->second;
  }
  return nullptr;
}

void CacheState::remember_content(CachedModule& module) {
  if (!options_.share_content) return;
  if (const auto hash = content_hash(module.file)) by_content_.emplace(*hash, &module);
}

void CacheState::forget_content(const CachedModule& module) {
  if (!options_.share_content) return;
  std::erase_if(by_content_, [&](const auto& entry) { return entry.second == &module; });
}

bool CacheState::is_of_other_file(const Name& name) const { return other_files_.contains(&name); }

FileIdentity CacheState::identity_of(const CachedModule& module) const {
  const Lock lock(mutex_);
  return module.file.identity();
}

FileIdentity CacheState::identity_of(const Name& name) const {
  const auto other = other_files_.find(&name);
  return other == other_files_.end() ? name.module->file.identity() : other->second;
}

// The module's file is no longer what these were equal to.
void CacheState::unlink_other_files(CachedModule& module) {
  if (!options_.share_content) return;
  for (Name* name = module.other_names(); name != nullptr;) {
    Name* const next = name->next;
    if (is_of_other_file(*name)) unlink_name(*name);
    name = next;
  }
}

// Whether only the note of the file was changed, in place.
bool CacheState::is_note_update(const CachedModule& module, const ModuleFile& file) const {
  if (!module.file.identity().is_same_file(file.identity())) return false;
  const SmfView before = module.file.view(), now = file.view();
  return before.header() == now.header() &&
         std::ranges::equal(section_table(before), section_table(now));
}

void CacheState::set_identity(CachedModule& module, const FileIdentity& identity) {
  const bool was_there = by_identity_.erase(module);
  module.file.set_identity(identity);
  if (was_there) by_identity_.insert(module);
}

void CacheState::make_room(std::uint64_t files, std::uint64_t bytes, const CachedModule* kept) {
  const auto read = [this](ModuleNumber number) { return cells_->stamp(number); };
  FrameCache& frames = contents_.frames();
  bool is_set_aside = false;
  while (eviction_->size() > 0 && (files_ + files > options_.max_files ||
                                   bytes_ + frames.bytes() + bytes > options_.max_bytes)) {
    const ModuleNumber victim = eviction_->evict(read);
    if (modules_.find(victim) == kept) {
      is_set_aside = true;
      continue;
    }
    unlink(*modules_.find(victim));
    ++counts_.evictions;
  }
  // Takes no memory: it was there before.
  if (is_set_aside) eviction_->insert(kept->number(), cells_->stamp(kept->number()));
  const std::uint64_t others = std::min(bytes_ + bytes, options_.max_bytes);
  frames.shrink(options_.max_bytes - others);
}

void CacheState::charge(CachedModule& module, std::uint64_t bytes) {
  const Lock lock(mutex_);
  const bool is_in_cache = !module.has_left.load(std::memory_order_relaxed);
  if (is_in_cache) make_room(0, bytes, &module);
  // What has left is among the held afterwards, if it is pinned.
  collect();
  module.content.get()->charged += bytes;
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

void CacheState::unlink(CachedModule& module) {
  while (Name* const name = module.take_name()) {
    table_.erase(name);
    discard(name);
  }
  eviction_->erase(module.number());
  by_identity_.erase(module);
  forget_content(module);
  --files_;
  bytes_ -= module.weight();
  counts_.bytes_decompressed -= module.charged();
  if (ModuleContent* const content = module.content.get()) content->drop_frames();
  (module.file.is_mapped() ? counts_.bytes_mapped : counts_.bytes_read) -= module.size();
  module.has_left.store(true, std::memory_order_relaxed);
  garbage_.modules.push(modules_.take(module.number()));
}

void CacheState::unlink_name(Name& name) {
  CachedModule& module = *name.module;
  if (module.has_one_name()) return unlink(module);
  table_.erase(&name);
  module.remove_name(name);
  discard(&name);
}

// A name that no table holds any more, but readers may. A module's first goes with the module.
void CacheState::discard(Name* name) {
  other_files_.erase(name);
  if (name != &name->module->first_name()) garbage_.names.push(name);
}

std::uint32_t CacheState::pins(const CachedModule& module) const {
  const std::uint32_t elsewhere = module.let_go_elsewhere.load(std::memory_order_acquire);
  return cells_->pins(module.number()) - elsewhere;
}

void CacheState::collect() noexcept {
  if (garbage_.is_empty()) return;
  cells_->wait_for_readers();
  while (CachedModule* const module = garbage_.modules.pop()) {
    unwatch(module->first_name());
    if (pins(*module) == 0) {
      cells_->wait_for_those_inside();
      free(module);
      continue;
    }
    ++counts_.held_files;
    counts_.held_bytes += module->weight();
    if (left_.is_empty()) keeper_ = shared_from_this();
    left_.push(module);
  }
  while (Name* const name = garbage_.names.pop()) {
    unwatch(*name);
    free_name(name);
  }
  while (PathTable::Slots* const slots = garbage_.tables.pop()) delete slots;
}

// One that was replaced has the path of its successor, which is watched on.
void CacheState::unwatch(const Name& name) {
  if (watch_ == nullptr) return;
  const std::string_view path = name.path();
  if (table_.find(PathTable::hash(path), path) == nullptr) watch_->remove(path);
}

void CacheState::free(CachedModule* module) {
  cells_->reset(module->number());
  modules_.free(module->number());
  CachedModule::Free()(module);
}

bool CacheState::pin(CachedModule& module) {
  CellsOfThread* const mine = cells_->mine();
  return mine != nullptr && mine->take(module.number(), cells_->now());
}

void CacheState::let_go(CachedModule& module) {
  CellsOfThread* const mine = cells_->mine();
  // A pin needed the cell, but maybe another thread's. Not inside of a section: this waits.
  if (mine == nullptr || mine->cell(module.number()) == nullptr) [[unlikely]]
    return let_go_elsewhere(module);
  std::shared_ptr<CacheState> self;
  {
    const Section section(*mine);
    mine->let_go(module.number());
    os::asymmetric_fence_light();
    if (!module.has_left.load(std::memory_order_acquire)) [[likely]]
      return;
    // Inside of the section the module is there, and with it all of this.
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

// Frees a module that has left, if it was let go by all.
void CacheState::release_left(CachedModule* module) {
  std::shared_ptr<CacheState> last;
  const Lock lock(mutex_);
  // Looked for by its address alone: another thread may have freed it.
  CachedModule* at = left_.first();
  while (at != nullptr && at != module) at = at->next;
  if (at == nullptr || pins(*module) != 0) return;
  cells_->wait_for_those_inside();
  left_.remove(module);
  --counts_.held_files;
  counts_.held_bytes -= module->weight();
  free(module);
  if (left_.is_empty()) last = std::move(keeper_);
}

ModuleRef CacheState::find(std::string_view path) {
  const Lock lock(mutex_);
  const Name* const name = table_.find(PathTable::hash(path), path);
  if (name == nullptr) return {};
  CachedModule& module = *name->module;
  CellsOfThread* const mine = cells_->mine();
  if (mine == nullptr || !mine->take_unused(module.number())) return {};
  return ModuleRef(&module);
}

bool CacheState::evict(std::string_view path) {
  const Lock lock(mutex_);
  const Name* const name = table_.find(PathTable::hash(path), path);
  if (name == nullptr) return false;
  unlink(*name->module);
  collect();
  return true;
}

bool CacheState::invalidate(std::string_view path) {
  const Lock lock(mutex_);
  // Whoever is asking the file at this moment may have the old answer.
  if (const auto running = loads_.find(path); running != loads_.end())
    running->second->is_stale = true;
  return make_due(PathTable::hash(path), path);
}

bool CacheState::make_due(std::uint64_t hash, std::string_view path) {
  Name* const name = table_.find(hash, path);
  if (name == nullptr) return false;
  name->checked.store(kNeverChecked, std::memory_order_relaxed);
  return true;
}

void CacheState::clear() {
  const Lock lock(mutex_);
  for (ModuleNumber i = 0; i < modules_.size(); ++i)
    if (CachedModule* const module = modules_.find(i)) unlink(*module);
  collect();
}

void CacheState::close() {
  clear();
  if (watch_ != nullptr) watch_->close();
}

CacheStats CacheState::stats() {
  const std::uint64_t unwatched = watch_ != nullptr ? watch_->unwatched() : 0;
  const Lock lock(mutex_);
  CacheStats stats = counts_;
  stats.files = files_;
  stats.names = table_.size();
  stats.hits += cells_->hits();
  stats.unwatched = unwatched;
  stats.bytes_frames = contents_.frames().bytes();
  stats.frame_evictions = contents_.frames().evictions();
  const SectionContents::Counts counts = contents_.counts();
  stats.decompressions = counts.decompressions;
  stats.frame_hits = counts.frame_hits;
  stats.frame_misses = counts.frame_misses;
  return stats;
}

}  // namespace smf::internal
