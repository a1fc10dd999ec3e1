#include "runtime/exec/code_memory.h"

#include <fmt/format.h>

#include <cstring>
#include <new>

#include "runtime/base/check.h"
#include "runtime/exec/code_memory_state.h"
#include "runtime/exec/machine_code.h"

namespace smf {
namespace internal {
namespace {

constexpr std::size_t kGranule = CodeMemoryState::kGranule;

// Empty memory is looked for when a thread has freed this much.
constexpr std::uint32_t kFreedBetweenTrims = (1u << 20) / kGranule;

constexpr unsigned count_granules(std::size_t size) {
  return static_cast<unsigned>((size + kGranule - 1) / kGranule);
}

}  // namespace

constinit thread_local std::array<CodeMemoryState::Hints, CodeMemoryState::kHints>
    CodeMemoryState::hints{};

Result<CodeWriter> CodeMemoryState::begin(std::size_t size) {
  if (size - 1 < kMaxQuick && is_dual_) [[likely]] {
    const unsigned count = count_granules(size);
    const auto first = blocks_.take(count, mine().cursor, top_.load(std::memory_order_relaxed));
    if (first) [[likely]] {
      const Place place = place_of(*first);
      std::byte* const to = writable(place);
      if (to != nullptr) [[likely]] {
        blocks_.set_state(*first, {.kind = Kind::kOpen, .size = static_cast<std::uint32_t>(size)});
        return CodeWriter(this, *first, size, place.code, to);
      }
      blocks_.give(*first, count);
    }
  }
  return begin_slowly(size);
}

Result<const void*> CodeMemoryState::commit(const CodeWriter& writer, std::size_t size,
                                            std::string_view name) {
  SMF_CHECK(size >= 1 && size <= writer.size_);
  if (writer.size_ <= kMaxQuick && is_dual_) [[likely]] {
    if (size != writer.size_) [[unlikely]] {
      const unsigned before = count_granules(writer.size_), after = count_granules(size);
      std::byte* const from = writer.writable_ + after * kGranule;
      fill_with_traps({from, (before - after) * kGranule});
      synchronize_code({writer.code_ + after * kGranule, (before - after) * kGranule});
      if (before != after) blocks_.give(writer.first_ + after, before - after);
    }
    synchronize_code({writer.code_, size});
    blocks_.set_state(writer.first_,
                      {.kind = Kind::kLive, .size = static_cast<std::uint32_t>(size)});
  } else {
    SMF_TRY(commit_slowly(writer, size));
  }
  if (has_listeners_) [[unlikely]]
    tell_published(writer.code_, size, name);
  return writer.code_;
}

Result<void> CodeMemoryState::free(const void* code) {
  const auto place = locate(code);
  if (place && place->code == code && is_dual_) [[likely]] {
    const State state = blocks_.state(place->granule);
    if (state.kind == Kind::kLive && !state.is_written && state.size != 0 &&
        blocks_.change_state(place->granule, state, {})) [[likely]] {
      std::byte* const to = writable(*place);
      if (to != nullptr) [[likely]] {
        if (has_listeners_) [[unlikely]]
          tell_freed(place->code, state.size);
        const unsigned count = count_granules(state.size);
        fill_with_traps({to, count * kGranule});
        synchronize_code({place->code, count * kGranule});
        Hints& own = mine();
        blocks_.give(place->granule, count, own.cursor);
        own.freed += count;
        if (own.freed >= kFreedBetweenTrims) [[unlikely]] {
          own.freed = 0;
          const Lock lock(mutex_, std::try_to_lock);
          if (lock) return_empty(mapped_ / 4 + CodeSpace::kMinSegment);
        }
        return {};
      }
      blocks_.set_state(place->granule, state);
    }
  }
  return free_slowly(code);
}

}  // namespace internal

Result<const void*> CodeWriter::commit_first(std::size_t size, std::string_view name) {
  SMF_CHECK(state_ != nullptr);
  return std::exchange(state_, nullptr)->commit(*this, size, name);
}

void CodeWriter::abort() { std::exchange(state_, nullptr)->abort(*this); }

std::optional<CodeBatch::Function> CodeBatch::add(std::size_t size) {
  const std::size_t at = (used_ + kAlignment - 1) & ~(kAlignment - 1);
  if (at > capacity() || size > capacity() - at) return std::nullopt;
  used_ = at + size;
  return Function{.bytes = writer_.bytes().subspan(at, size), .address = writer_.address() + at};
}

Result<const void*> CodeBatch::commit(std::string_view name) {
  return writer_.commit_first(used_, name);
}

Result<CodeMemory> CodeMemory::create(const CodeMemoryOptions& options) try {
  SMF_ASSIGN(auto state, internal::CodeMemoryState::create(options));
  return CodeMemory(std::move(state));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for code memory");
}

CodeMemory::CodeMemory(std::unique_ptr<internal::CodeMemoryState> state)
    : state_(std::move(state)) {}
CodeMemory::CodeMemory(CodeMemory&&) noexcept = default;
CodeMemory& CodeMemory::operator=(CodeMemory&&) noexcept = default;
CodeMemory::~CodeMemory() = default;

Result<CodeWriter> CodeMemory::begin(std::size_t size) { return state_->begin(size); }

Result<CodeBatch> CodeMemory::begin_batch(std::size_t capacity) {
  SMF_ASSIGN(CodeWriter writer, state_->begin(capacity));
  return CodeBatch(std::move(writer));
}

Result<void> CodeMemory::free(const void* code) { return state_->free(code); }
Result<void> CodeMemory::free(const void* code, std::uint64_t epoch) {
  return state_->free(code, epoch);
}
Result<std::size_t> CodeMemory::reclaim(std::uint64_t passed_epoch) {
  return state_->reclaim(passed_epoch);
}
Result<void> CodeMemory::write(const void* code, std::size_t offset, Bytes bytes) {
  return state_->write(code, offset, bytes);
}
std::span<const std::byte> CodeMemory::find(const void* address) const {
  return state_->find(address);
}
Result<void> CodeMemory::quiesce() { return state_->quiesce(); }
Result<void> CodeMemory::seal() { return state_->seal(); }
void CodeMemory::trim() { state_->trim(); }
CodeMemoryStats CodeMemory::stats() const { return state_->stats(); }

}  // namespace smf
