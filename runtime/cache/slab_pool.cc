#include "runtime/cache/slab_pool.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "runtime/base/bytes.h"
#include "runtime/base/check.h"

#if defined(__SANITIZE_ADDRESS__)
#define SMF_HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SMF_HAS_ASAN 1
#endif
#endif
#ifdef SMF_HAS_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace smf::internal {
namespace {

// Newer than the headers that some build this with.
constexpr int kPopulateWrite = 23;

static_assert(Slabs::kSlabBytes % Slabs::kStep == 0);

std::uint64_t page_size() {
  static const auto size = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

std::unexpected<Error> refused(const char* what) {
  if (errno == ENOMEM) return fail(ErrorCode::kOutOfMemory, "not enough memory for modules");
  return fail_system(what, {}, errno);
}

// Says to AddressSanitizer which bytes may be touched.
void forbid([[maybe_unused]] const void* begin, [[maybe_unused]] std::size_t size) {
#ifdef SMF_HAS_ASAN
  __asan_poison_memory_region(begin, size);
#endif
}
void allow([[maybe_unused]] const void* begin, [[maybe_unused]] std::size_t size) {
#ifdef SMF_HAS_ASAN
  __asan_unpoison_memory_region(begin, size);
#endif
}

// AddressSanitizer may have been told that these are nobody's.
__attribute__((no_sanitize("address"))) void touch(std::byte* begin, std::size_t size) {
  for (std::size_t at = 0; at < size; at += page_size())
    *const_cast<volatile std::byte*>(begin + at) = std::byte{0};
}

std::byte* bytes_of(FreeExtent& extent) { return reinterpret_cast<std::byte*>(&extent); }

std::size_t unit_of(Slab& slab, const std::byte* at) {
  return static_cast<std::size_t>(at - slab.at(0)) / Slabs::kUnit;
}

bool ends_with_slab(Slab& slab, const std::byte* end) { return end == slab.at(slab.size); }

}  // namespace

SlabPool::~SlabPool() {
  if (kept_ != nullptr) unmap(*kept_);
}

// Sizes 1 to 3, then four lists to each power of two, in units.
std::size_t SlabPool::list_of(std::size_t size) {
  const std::size_t units = size / Slabs::kUnit;
  if (units < 4) return units;
  const auto power = static_cast<std::size_t>(std::bit_width(units)) - 1;
  return (power - 1) * 4 + (units >> (power - 2)) % 4;
}

Result<SlabBlock> SlabPool::allocate(std::uint64_t size) {
  if (size == 0) return SlabBlock();
  if (size > Slabs::kLargestBlock) return allocate_alone(size);
  const std::size_t rounded = align_up(size, Slabs::kUnit);
  const Lock lock(mutex_);
  FreeExtent* extent = find(rounded);
  if (extent == nullptr) {
    SMF_ASSIGN(extent, add_slab());
  }
  Slab& slab = *extent->slab;
  // The node of what remains is written too.
  const std::size_t end = static_cast<std::size_t>(bytes_of(*extent) - slab.at(0)) + rounded;
  SMF_TRY(populate_to(slab, std::min(end + Slabs::kUnit, slab.size)));
  std::byte* const begin = take_from(*extent, rounded);
  if (kept_ == &slab) kept_ = nullptr;
  ++counts_.blocks;
  counts_.bytes_used += rounded;
  forbid(begin, rounded);
  allow(begin, size);
  return SlabBlock(begin, size, &slab);
}

Result<SlabBlock> SlabPool::allocate_alone(std::size_t size) {
  if (size > SIZE_MAX / 2) return fail(ErrorCode::kOutOfMemory, "not enough memory for modules");
  const std::size_t whole = align_up(sizeof(Slab) + size, page_size());
  SMF_ASSIGN(Slab* const slab, map(whole, whole));
  const Lock lock(mutex_);
  count_mapping(*slab, 1);
  ++counts_.blocks;
  counts_.bytes_used += align_up(size, Slabs::kUnit);
  return SlabBlock(slab->at(sizeof(Slab)), size, slab);
}

void SlabPool::give_back(Slab& slab, std::byte* begin, std::size_t size) {
  SlabPool& pool = *slab.pool;
  const std::size_t rounded = align_up(size, Slabs::kUnit);
  Slab* unused = &slab;
  bool is_over = false;
  {
    const Lock lock(pool.mutex_);
    if (slab.is_shared) {
      forbid(begin, rounded);
      FreeExtent* const extent = pool.put(slab, begin, rounded);
      const bool is_free = extent->size == slab.size - kFirst;
      if (is_free && pool.kept_ != nullptr) {
        pool.remove(*extent);
      } else {
        unused = nullptr;
        if (is_free) pool.kept_ = &slab;
      }
    }
    if (unused != nullptr) pool.count_mapping(slab, -1);
    --pool.counts_.blocks;
    pool.counts_.bytes_used -= rounded;
    is_over = pool.is_over();
  }
  if (unused != nullptr) pool.unmap(*unused);
  if (is_over) delete &pool;
}

void SlabPool::leave() {
  Lock lock(mutex_);
  is_owned_ = false;
  const bool is_over = this->is_over();
  lock.unlock();
  if (is_over) delete this;
}

SlabStats SlabPool::stats() const {
  const Lock lock(mutex_);
  return counts_;
}

Result<Slab*> SlabPool::map(std::size_t size, std::size_t populated) {
  std::byte* address = map_pages(size);
  if (address == nullptr) return refused("map memory for modules");
  if (size >= Slabs::kHugePage) {
    address = align(address, size);
    // Without huge pages it goes on, more slowly.
    calls_.madvise(address, size, MADV_HUGEPAGE);
  }
  if (auto done = populate(address, populated); !done) {
    calls_.munmap(address, size);
    return std::unexpected(std::move(done).error());
  }
  return new (address) Slab{.pool = this, .size = size, .populated = populated};
}

// Null where there is none.
std::byte* SlabPool::map_pages(std::size_t size) {
  void* const address =
      calls_.mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return address == MAP_FAILED ? nullptr : static_cast<std::byte*>(address);
}

// The mapping, or another of the same size in its place that begins where a huge page may. Linux
// gives one that does since 6.7; before, it is cut out of a larger one. Where there is none, the
// first will do.
std::byte* SlabPool::align(std::byte* mapping, std::size_t size) {
  const auto misaligned_by = [](const std::byte* at) {
    return reinterpret_cast<std::uintptr_t>(at) % Slabs::kHugePage;
  };
  if (misaligned_by(mapping) == 0) return mapping;
  std::byte* const larger = map_pages(size + Slabs::kHugePage);
  if (larger == nullptr) return mapping;
  calls_.munmap(mapping, size);
  const std::size_t before = (Slabs::kHugePage - misaligned_by(larger)) % Slabs::kHugePage;
  if (before != 0) calls_.munmap(larger, before);
  calls_.munmap(larger + before + size, Slabs::kHugePage - before);
  return larger + before;
}

Result<void> SlabPool::populate(std::byte* begin, std::size_t size) {
  if (calls_.madvise(begin, size, kPopulateWrite) == 0) return {};
  if (errno != EINVAL) return refused("populate memory for modules");
  // Linux before 5.14: a fault for each page, but here and not inside of a read.
  touch(begin, size);
  return {};
}

void SlabPool::unmap(Slab& slab) {
  const std::size_t size = slab.size;
  allow(&slab, size);
  calls_.munmap(&slab, size);
}

FreeExtent* SlabPool::find(std::size_t size) {
  const auto best_of = [size](FreeExtent* extent) {
    FreeExtent* best = nullptr;
    for (int looks = 0; extent != nullptr && looks < kLooks; extent = extent->next, ++looks) {
      if (extent->size == size) return extent;
      if (extent->size > size && (best == nullptr || extent->size < best->size)) best = extent;
    }
    return best;
  };
  const std::size_t list = list_of(size);
  if (FreeExtent* const best = best_of(lists_[list])) return best;
  const std::uint64_t above = filled_ & ~((std::uint64_t{2} << list) - 1);
  return above == 0 ? nullptr : best_of(lists_[static_cast<std::size_t>(std::countr_zero(above))]);
}

Result<FreeExtent*> SlabPool::add_slab() {
  SMF_ASSIGN(Slab* const slab, map(Slabs::kSlabBytes, Slabs::kStep));
  slab->is_shared = true;
  new (slab->at(sizeof(Slab))) UnitMap;
  forbid(slab->at(kFirst), slab->size - kFirst);
  count_mapping(*slab, 1);
  // Until a block is taken, which may fail, it is a slab that is wholly free. There was none: it
  // would have been found.
  SMF_DCHECK(kept_ == nullptr);
  kept_ = slab;
  return put(*slab, slab->at(kFirst), slab->size - kFirst);
}

Result<void> SlabPool::populate_to(Slab& slab, std::size_t offset) {
  if (offset <= slab.populated) return {};
  const std::size_t end = align_up(offset, Slabs::kStep);
  SMF_TRY(populate(slab.at(slab.populated), end - slab.populated));
  counts_.bytes_populated += end - slab.populated;
  slab.populated = end;
  return {};
}

std::byte* SlabPool::take_from(FreeExtent& extent, std::size_t size) {
  remove(extent);
  Slab& slab = *extent.slab;
  std::byte* const begin = bytes_of(extent);
  if (extent.size > size) put(slab, begin + size, extent.size - size);
  return begin;
}

// Makes a free extent of these bytes and the free ones beside them.
FreeExtent* SlabPool::put(Slab& slab, std::byte* begin, std::size_t size) {
  const UnitMap& map = map_of(slab);
  if (begin != slab.at(kFirst) && map.has(unit_of(slab, begin) - 1)) {
    std::size_t before = 0;
    std::memcpy(&before, begin - sizeof before, sizeof before);
    begin -= before;
    size += before;
    remove(*std::launder(reinterpret_cast<FreeExtent*>(begin)));
  }
  if (!ends_with_slab(slab, begin + size) && map.has(unit_of(slab, begin + size))) {
    auto& after = *std::launder(reinterpret_cast<FreeExtent*>(begin + size));
    remove(after);
    size += after.size;
  }
  allow(begin, sizeof(FreeExtent));
  auto* const extent = new (begin) FreeExtent{.slab = &slab, .size = size};
  if (!ends_with_slab(slab, begin + size)) {
    allow(begin + size - sizeof size, sizeof size);
    std::memcpy(begin + size - sizeof size, &size, sizeof size);
  }
  insert(*extent);
  return extent;
}

void SlabPool::insert(FreeExtent& extent) {
  const std::size_t list = list_of(extent.size);
  extent.next = std::exchange(lists_[list], &extent);
  if (extent.next != nullptr) extent.next->previous = &extent;
  filled_ |= std::uint64_t{1} << list;
  UnitMap& map = map_of(*extent.slab);
  const std::size_t first = unit_of(*extent.slab, bytes_of(extent));
  map.set(first);
  map.set(first + extent.size / Slabs::kUnit - 1);
}

void SlabPool::remove(FreeExtent& extent) {
  const std::size_t list = list_of(extent.size);
  (extent.previous != nullptr ? extent.previous->next : lists_[list]) = extent.next;
  if (extent.next != nullptr) extent.next->previous = extent.previous;
  if (lists_[list] == nullptr) filled_ &= ~(std::uint64_t{1} << list);
  UnitMap& map = map_of(*extent.slab);
  const std::size_t first = unit_of(*extent.slab, bytes_of(extent));
  map.clear(first);
  map.clear(first + extent.size / Slabs::kUnit - 1);
}

void SlabPool::count_mapping(const Slab& slab, int sign) {
  const auto change = [sign](std::uint64_t& sum, std::size_t bytes) {
    sum = sign > 0 ? sum + bytes : sum - bytes;
  };
  change(counts_.bytes_reserved, slab.size);
  change(counts_.bytes_populated, slab.populated);
}

}  // namespace smf::internal
