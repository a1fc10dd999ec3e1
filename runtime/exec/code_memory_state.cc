#include "runtime/exec/code_memory_state.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/exec/machine_code.h"
#include "runtime/os/asymmetric_fence.h"

namespace smf::internal {
namespace {

// Of empty memory, beside a part of all.
constexpr std::size_t kEmptyKept = std::size_t{64} << 10;

std::unexpected<Error> out_of_memory() {
  return fail(ErrorCode::kOutOfMemory, "not enough memory to keep account of code");
}

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

}  // namespace

Result<std::unique_ptr<CodeMemoryState>> CodeMemoryState::create(const CodeMemoryOptions& options) {
  const std::size_t region = options.region_bytes;
  if (!std::has_single_bit(region) || region < CodeSpace::kMaxSegment ||
      region > CodeMemoryOptions::kMaxRegionBytes) {
    return refuse(fmt::format("regions of {} bytes: not a power of two from {} to {}", region,
                              CodeSpace::kMaxSegment, CodeMemoryOptions::kMaxRegionBytes));
  }
  const std::uint64_t regions = (options.max_bytes + region - 1) / region;
  if (options.max_bytes == 0 || regions > CodeSpace::kMaxRegions) {
    return refuse(fmt::format("code memory of {} bytes in regions of {}: not 1 to {} regions",
                              options.max_bytes, region, CodeSpace::kMaxRegions));
  }
  os::SystemCalls& calls = options.calls != nullptr ? *options.calls : os::SystemCalls::kernel();
  SMF_ASSIGN(CodeSpace space, CodeSpace::create({.protection = options.protection,
                                                 .near = options.near,
                                                 .region_size = region,
                                                 .max_regions = static_cast<unsigned>(regions),
                                                 .calls = &calls}));
  const std::size_t granule = space.protection() == CodeProtection::kDualMapping
                                  ? kGranule
                                  : static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  SMF_ASSIGN(BlockMap blocks,
             BlockMap::create(static_cast<std::uint32_t>(regions * region / granule), calls));
  return std::make_unique<CodeMemoryState>(options, std::move(space), std::move(blocks));
}

CodeMemoryState::CodeMemoryState(const CodeMemoryOptions& options, CodeSpace space, BlockMap blocks)
    : options_(options),
      space_(std::move(space)),
      blocks_(std::move(blocks)),
      number_(register_map(blocks_)),
      is_dual_(space_.protection() == CodeProtection::kDualMapping),
      has_listeners_(!options.listeners.empty()),
      shift_(static_cast<unsigned>(std::countr_zero(
          is_dual_ ? kGranule : static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))))),
      granules_in_region_(static_cast<std::uint32_t>(options.region_bytes >> shift_)),
      region_shift_(static_cast<unsigned>(std::countr_zero(granules_in_region_))) {}

CodeMemoryState::~CodeMemoryState() {
  unregister_map(number_);
  const unsigned regions = space_.regions();
  for (unsigned i = 0; i != regions; ++i)
    for (const auto& listener : options_.listeners)
      listener->region_removed({space_.code(i), options_.region_bytes});
}

CodeMemoryState::Place CodeMemoryState::locate(const void* address) const {
  const unsigned count = space_.regions();
  for (unsigned region = 0; region != count; ++region) {
    const std::uintptr_t within = reinterpret_cast<std::uintptr_t>(address) -
                                  reinterpret_cast<std::uintptr_t>(space_.code(region));
    if (within < options_.region_bytes)
      return place_of(region << region_shift_ | static_cast<Granule>(within >> shift_));
  }
  return {};
}

// ---- Taking ----

Result<CodeWriter> CodeMemoryState::begin_slowly(std::size_t size) try {
  if (size == 0) return refuse("a block of code of 0 bytes");
  if (size > options_.region_bytes) {
    return fail(ErrorCode::kLimit, fmt::format("{} bytes of code: more than a region, which has {}",
                                               size, options_.region_bytes));
  }
  const Lock lock(mutex_);
  SMF_TRY(space_.show());
  SMF_ASSIGN(const Granule first, take_or_grow(granules_of(size)));
  const Place place = place_of(first);
  if (!is_dual_) {
    const auto opened = space_.protect(pages(place, size), CodeSpace::Access::kWrite);
    if (!opened) {
      blocks_.give(first, granules_of(size));
      return std::unexpected(opened.error());
    }
    fill_with_traps(pages(place, size));
  }
  if (!has_room_in_state(size)) {
    try {
      blocks_.set_size(first, size);
    } catch (const std::bad_alloc&) {
      static_cast<void>(release(place, size));
      throw;
    }
  }
  set_state(first, Kind::kOpen, size);
  return CodeWriter(this, first, size, place.code, writable(place));
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

Result<Granule> CodeMemoryState::take_or_grow(std::uint32_t count) {
  ThreadBlocks& own = mine();
  BlockCursor& cursor = own.cursor;
  // Room for each thread to begin where no other does, as far as that can be had.
  while (is_dual_ && own.first_word() != 0 &&
         top_.load(std::memory_order_relaxed) <= own.first_word() && grow(1)) {
  }
  for (int rounds = 0;;) {
    const std::uint32_t top = top_.load(std::memory_order_relaxed);
    if (count > BlockMap::kMaxSmall) {
      for (std::uint32_t begin = 0; begin < top; begin += words_in_region())
        if (const auto found =
                blocks_.take_large(count, begin, std::min(begin + words_in_region(), top)))
          return *found;
    } else {
      const Granule found = blocks_.take(count, cursor, top);
      if (found != kNoGranule) return found;
      // All is looked through again where it is worth it; else there is new memory.
      if (rounds++ < 2) {
        own.give_back_to(blocks_);
        std::uint64_t free = 0;
        for (const auto& [offset, size] : space_.segments()) {
          const auto word = static_cast<std::uint32_t>(offset >> shift_) / 64;
          free += blocks_.count_free(word, static_cast<std::uint32_t>(size >> shift_) / 64);
        }
        if ((free << shift_) > mapped_ / 8) {
          // First from where no other thread begins, then from the first word.
          cursor.next[count] = rounds == 1 ? own.first_word() % top : 0;
          continue;
        }
      }
    }
    SMF_TRY(grow(count));
  }
}

// New memory, with room for so many granules together.
Result<void> CodeMemoryState::grow(std::uint32_t count) {
  const std::size_t unit =
      std::max(space_.min_segment(), granule_bytes() * BlockMap::kGranulesInWord);
  const std::size_t least = align_up(static_cast<std::size_t>(count) << shift_, unit);
  const std::uint64_t part = align_up(mapped_ / std::max(options_.growth_divisor, 1u), unit);
  std::size_t size = std::max(least, std::min(part, CodeSpace::kMaxSegment));
  const std::uint64_t left = options_.max_bytes - std::min(options_.max_bytes, mapped_);
  if (size > left) size = least;
  if (size > left) {
    return fail(ErrorCode::kLimit, fmt::format("code memory is full: {} bytes of {} are in use",
                                               mapped_, options_.max_bytes));
  }
  auto offset = space_.find_gap(size);
  if (!offset) offset = space_.find_gap(size = least);
  if (!offset) {
    SMF_ASSIGN(const unsigned region, space_.add_region());
    for (const auto& listener : options_.listeners)
      listener->region_added({space_.code(region), options_.region_bytes});
    offset = space_.find_gap(size);
  }
  SMF_CHECK(offset.has_value());
  SMF_TRY(space_.add_segment(*offset, size));
  mapped_ += size;
  const auto first = static_cast<std::uint32_t>(*offset >> shift_) / BlockMap::kGranulesInWord;
  const auto words = static_cast<std::uint32_t>(size >> shift_) / BlockMap::kGranulesInWord;
  blocks_.add_words(first, words);
  if (first + words > top_.load(std::memory_order_relaxed))
    top_.store(first + words, std::memory_order_relaxed);
  ThreadBlocks& own = mine();
  if (count <= BlockMap::kMaxSmall) own.cursor.next[count] = first + own.first_word() % words;
  return {};
}

// What a quick block does not need.
void CodeMemoryState::shrink(const CodeWriter& writer, std::size_t size) {
  const std::uint32_t before = granules_of(writer.size_), after = granules_of(size);
  const std::size_t at = after * kGranule, bytes = (before - after) * kGranule;
  if (bytes == 0) return;
  fill_with_traps({writer.writable_ + at, bytes});
  synchronize_code({writer.code_ + at, bytes});
  blocks_.give(writer.first_ + after, before - after);
}

Result<const void*> CodeMemoryState::commit_slowly(
    const CodeWriter& writer, std::size_t size, std::string_view name,
    std::span<const CodeListener::Function> functions) {
  {
    const Lock lock(mutex_);
    const Place place = place_of(writer.first_);
    const std::uint32_t before = granules_of(writer.size_), after = granules_of(size);
    Result<void> result;
    if (before != after) {
      const Place rest = place_of(writer.first_ + after);
      result = release(rest, static_cast<std::size_t>(before - after) << shift_);
    }
    if (result && !is_dual_)
      result = space_.protect(pages(place, size), CodeSpace::Access::kExecute);
    if (!result) {
      blocks_.forget_size(place.granule);
      blocks_.set_state(place.granule, {});
      static_cast<void>(release(place, size));
      return std::unexpected(std::move(result).error());
    }
    synchronize_code({place.code, size});
    if (has_room_in_state(size)) {
      blocks_.forget_size(place.granule);
    } else {
      blocks_.set_size(place.granule, size);  // there already: no memory needed
    }
    set_state(place.granule, Kind::kLive, size);
  }
  tell_published({writer.code_, size}, name, functions);
  return writer.code_;
}

void CodeMemoryState::abort(const CodeWriter& writer) {
  const Lock lock(mutex_);
  if (!has_room_in_state(writer.size_)) blocks_.forget_size(writer.first_);
  blocks_.set_state(writer.first_, {});
  static_cast<void>(release(place_of(writer.first_), writer.size_));
}

// ---- Giving back ----

Result<void> CodeMemoryState::release(const Place& place, std::size_t size) {
  const std::uint32_t count = granules_of(size);
  if (is_dual_) {
    const std::size_t bytes = static_cast<std::size_t>(count) << shift_;
    // Nowhere in a forked child, where a writer is destroyed that the parent had opened.
    if (std::byte* const to = writable(place)) {
      fill_with_traps({to, bytes});
      synchronize_code({place.code, bytes});
    }
  } else {
    // Should that fail, the pages are lost: who takes them could not write there.
    SMF_TRY(space_.protect(pages(place, size), CodeSpace::Access::kNone));
  }
  blocks_.give(place.granule, count);
  return {};
}

// The live block that begins there, or what is there instead.
Result<CodeMemoryState::Live> CodeMemoryState::find_live(const void* code) const {
  const Place place = locate(code);
  if (place.granule == kNoGranule)
    return refuse(fmt::format("{} is not in this code memory", fmt::ptr(code)));
  const State state = blocks_.state(place.granule);
  if (place.code == code && state.kind == Kind::kLive)
    return Live{.place = place, .state = state, .size = size_of(place.granule, state)};
  if (place.code == code && state.kind == Kind::kOpen)
    return refuse(fmt::format("the block of code at {} is still being written", fmt::ptr(code)));
  if (place.code == code && state.kind == Kind::kQuarantined)
    return refuse(fmt::format("the block of code at {} was freed already", fmt::ptr(code)));
  if (blocks_.is_free(place.granule) || state.is_kept())
    return refuse(fmt::format("no block of code is at {}: freed already?", fmt::ptr(code)));
  return refuse(fmt::format("no block of code begins at {}", fmt::ptr(code)));
}

Result<void> CodeMemoryState::free_slowly(const void* code) try {
  const Lock lock(mutex_);
  SMF_ASSIGN(const Live block, find_live(code));
  SMF_TRY(space_.show());
  const Granule granule = block.place.granule;
  if (!blocks_.change_state(granule, block.state, {}))
    return refuse(fmt::format("another thread frees the block of code at {}", fmt::ptr(code)));
  tell_freed(block.place.code, block.size);
  if (block.state.size == 0) blocks_.forget_size(granule);
  return release(block.place, block.size);
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

Result<void> CodeMemoryState::free(const void* code, std::uint64_t epoch) try {
  const Lock lock(mutex_);
  if (space_.is_sealed()) return space_.show();
  SMF_ASSIGN(const Live block, find_live(code));
  const auto entry = quarantine_.emplace(epoch, block.place.granule);
  State after = block.state;
  after.kind = Kind::kQuarantined;
  if (!blocks_.change_state(block.place.granule, block.state, after)) {
    quarantine_.erase(entry);
    return refuse(fmt::format("another thread frees the block of code at {}", fmt::ptr(code)));
  }
  return {};
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

Result<std::size_t> CodeMemoryState::reclaim(std::uint64_t passed_epoch) try {
  const Lock lock(mutex_);
  const auto end = quarantine_.upper_bound(passed_epoch);
  if (quarantine_.begin() == end) return 0;
  SMF_TRY(space_.show());
  std::size_t count = 0;
  while (quarantine_.begin() != end) {
    const Place place = place_of(quarantine_.begin()->second);
    const std::size_t size = size_of(place.granule, blocks_.state(place.granule));
    quarantine_.erase(quarantine_.begin());
    tell_freed(place.code, size);
    if (!has_room_in_state(size)) blocks_.forget_size(place.granule);
    blocks_.set_state(place.granule, {});
    SMF_TRY(release(place, size));
    ++count;
  }
  return_empty(mapped_ / 4 + kEmptyKept);
  return count;
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

void CodeMemoryState::trim_now_and_then(ThreadBlocks& own) {
  own.freed = 0;
  const Lock lock(mutex_, std::try_to_lock);
  if (lock) return_empty(mapped_ / 4 + kEmptyKept);
}

void CodeMemoryState::trim() {
  mine().give_back_to(blocks_);
  const Lock lock(mutex_);
  return_empty(0);
}

// Empty segments, but for so many bytes of them.
void CodeMemoryState::return_empty(std::uint64_t keep) {
  if (space_.is_sealed()) return;
  auto segment = space_.segments().begin();
  while (segment != space_.segments().end()) {
    const auto [offset, size] = *segment++;
    const auto word = static_cast<std::uint32_t>(offset >> shift_) / BlockMap::kGranulesInWord;
    const auto words = static_cast<std::uint32_t>(size >> shift_) / BlockMap::kGranulesInWord;
    if (!blocks_.remove_words(word, words)) continue;
    if (size <= keep) {
      keep -= size;
      blocks_.add_words(word, words);
      continue;
    }
    // Where that fails, the memory is lost until all goes.
    if (space_.remove_segment(offset)) mapped_ -= size;
  }
}

// ---- Changing ----

Result<void> CodeMemoryState::write(const void* code, std::size_t offset, Bytes bytes) try {
  const Lock lock(mutex_);
  SMF_ASSIGN(const Live block, find_live(code));
  if (!in_range(offset, bytes.size(), block.size)) {
    return refuse(fmt::format("{} bytes at {} lead out of the block of {} at {}", bytes.size(),
                              offset, block.size, fmt::ptr(code)));
  }
  SMF_TRY(space_.show());
  const Place& place = block.place;
  State written = block.state;
  written.is_written = true;
  if (!blocks_.change_state(place.granule, block.state, written))
    return refuse(fmt::format("another thread frees the block of code at {}", fmt::ptr(code)));
  auto result = is_dual_ ? Result<void>()
                         : space_.protect(pages(place, block.size), CodeSpace::Access::kWrite);
  if (result) {
    std::ranges::copy(bytes, writable(place) + offset);
    synchronize_code({place.code + offset, bytes.size()});
    if (!is_dual_) result = space_.protect(pages(place, block.size), CodeSpace::Access::kExecute);
  }
  blocks_.set_state(place.granule, block.state);
  return result;
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

// ---- Looking ----

std::span<const std::byte> CodeMemoryState::find(const void* address) const {
  const Place place = locate(address);
  if (place.granule == kNoGranule) return {};
  const auto covering = [&](Granule first, std::size_t size) -> std::span<const std::byte> {
    const std::byte* const code = place_of(first).code;
    if (static_cast<const std::byte*>(address) >= code + size) return {};
    return {code, size};
  };
  if (const auto first = blocks_.begin_before(place.granule)) {
    const State state = blocks_.state(*first);
    if (state.kind != Kind::kLive) return {};
    if (state.size != 0) return covering(*first, state.size);
  }
  const Lock lock(mutex_);
  const auto first = blocks_.sized_before(place.granule);
  if (!first || blocks_.state(*first).kind != Kind::kLive) return {};
  return covering(*first, blocks_.size(*first));
}

void CodeMemoryState::for_each_block(const std::function<void(const Place&, State)>& visit) const {
  Granule at = 0;
  for (const auto& [offset, size] : space_.segments()) {
    const auto begin = static_cast<Granule>(offset >> shift_);
    const auto end = static_cast<Granule>((offset + size) >> shift_);
    at = std::max(at, begin);
    for (at = blocks_.next_taken(at, end); at < end; at = blocks_.next_taken(at, end)) {
      const Place place = place_of(at);
      const State state = blocks_.state(at);
      visit(place, state);
      const bool is_passing = state.kind == Kind::kNone && !state.is_kept();
      at += is_passing ? 1 : granules_of(size_of(at, state));
    }
  }
}

CodeMemoryStats CodeMemoryState::stats() const {
  const Lock lock(mutex_);
  CodeMemoryStats stats;
  stats.protection = space_.protection();
  stats.refusal = space_.refusal();
  stats.is_near = space_.is_near();
  stats.is_hidden = space_.is_hidden();
  stats.is_sealed = space_.is_sealed();
  stats.is_sealed_by_kernel = space_.is_sealed_by_kernel();
  stats.regions = space_.regions();
  stats.segments = static_cast<unsigned>(space_.segments().size());
  stats.reserved = stats.regions * std::uint64_t{options_.region_bytes};
  stats.mapped = mapped_;
  // A bit and a state for each granule.
  stats.tables = (mapped_ >> shift_) / 8 + (mapped_ >> shift_) * sizeof(std::uint16_t);
  for_each_block([&](const Place& place, State state) {
    if (state.is_kept()) return;
    if (state.kind == Kind::kNone) {
      stats.used += granule_bytes();
      return;
    }
    const std::size_t size = size_of(place.granule, state);
    const std::uint64_t taken = std::uint64_t{granules_of(size)} << shift_;
    stats.used += taken;
    stats.requested += size;
    if (state.kind == Kind::kLive) ++stats.blocks;
    if (state.kind != Kind::kQuarantined) return;
    ++stats.quarantined_blocks;
    stats.quarantined += taken;
  });
  return stats;
}

// ---- Hiding ----

std::uint64_t CodeMemoryState::count_busy() const {
  std::uint64_t count = 0;
  for_each_block([&](const Place&, State state) {
    if (state.kind == Kind::kOpen || (state.kind == Kind::kNone && !state.is_kept())) ++count;
  });
  return count;
}

// Under the lock. Whoever is in the middle of freeing is waited for, a while; whoever writes is
// not.
Result<void> CodeMemoryState::hide() {
  if (space_.is_sealed()) return fail(ErrorCode::kUnsupported, "code memory is sealed");
  if (space_.is_hidden()) return {};
  SMF_TRY(space_.show());
  space_.announce_hiding();
  os::asymmetric_fence_heavy();
  std::uint64_t busy = count_busy();
  for (int tried = 0; busy != 0 && tried != 100; ++tried) {
    ::sched_yield();
    busy = count_busy();
  }
  const auto hidden =
      busy == 0 ? space_.take_away()
                : Result<void>(fail(ErrorCode::kUnsupported,
                                    fmt::format("{} blocks of code are being written", busy)));
  if (!hidden) static_cast<void>(space_.show());
  return hidden;
}

Result<void> CodeMemoryState::quiesce() try {
  const Lock lock(mutex_);
  return hide();
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

Result<void> CodeMemoryState::seal() try {
  const Lock lock(mutex_);
  SMF_TRY(hide());
  return space_.seal();
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

void CodeMemoryState::tell_published(std::span<const std::byte> block, std::string_view name,
                                     std::span<const CodeListener::Function> functions) const {
  for (const auto& listener : options_.listeners) {
    if (functions.empty()) {
      listener->published(block, name);
    } else {
      listener->batch_published(block, functions);
    }
  }
}

void CodeMemoryState::tell_freed(const std::byte* code, std::size_t size) const {
  for (const auto& listener : options_.listeners) listener->freed({code, size});
}

}  // namespace smf::internal
