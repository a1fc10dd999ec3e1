#include "runtime/exec/code_memory.h"

#include <fmt/format.h>

#include <cstring>
#include <new>

#include "runtime/base/check.h"
#include "runtime/exec/code_memory_state.h"
#include "runtime/exec/machine_code.h"
#include "runtime/os/asymmetric_fence.h"

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

inline Result<CodeWriter> CodeMemoryState::begin(std::size_t size) {
  if (size - 1 < kMaxQuick && is_dual_) [[likely]] {
    const unsigned count = count_granules(size);
    ThreadBlocks& own = mine();
    Granule first = own.take(count);
    if (first == kNoGranule) [[unlikely]]
      first = blocks_.take(count, own.cursor, top_.load(std::memory_order_relaxed));
    if (first != kNoGranule) [[likely]] {
      blocks_.set_state(first, {.kind = Kind::kOpen, .size = static_cast<std::uint32_t>(size)});
      os::asymmetric_fence_light();
      const unsigned region = first >> region_shift_;
      const std::size_t offset = (first & (granules_in_region_ - 1)) * kGranule;
      std::byte* const to = space_.writable(region);
      if (to != nullptr) [[likely]]
        return CodeWriter(this, first, size, space_.code(region) + offset, to + offset);
      blocks_.set_state(first, {});
      blocks_.give(first, count);
    }
  }
  return begin_slowly(size);
}

inline Result<const void*> CodeMemoryState::commit(const CodeWriter& writer, std::size_t size,
                                                   std::string_view name) {
  if (writer.size_ > kMaxQuick || !is_dual_) [[unlikely]]
    return commit_slowly(writer, size, name);
  if (size != writer.size_) [[unlikely]]
    shrink(writer, size);
  synchronize_code({writer.code_, size});
  blocks_.set_state(writer.first_, {.kind = Kind::kLive, .size = static_cast<std::uint32_t>(size)});
  if (has_listeners_) [[unlikely]]
    tell_published({writer.code_, size}, name);
  return writer.code_;
}

inline Result<void> CodeMemoryState::free(const void* code) {
  const Place place = locate_quickly(code);
  if (place.granule != kNoGranule && is_dual_) [[likely]] {
    const std::uint32_t size = blocks_.retire(place.granule);
    if (size != 0) [[likely]] {
      std::byte* const to = writable(place);
      if (to != nullptr) [[likely]] {
        if (has_listeners_) [[unlikely]]
          tell_freed(static_cast<const std::byte*>(code), size);
        const unsigned count = count_granules(size);
        fill_with_traps({to, count * kGranule});
        synchronize_code({static_cast<const std::byte*>(code), count * kGranule});
        ThreadBlocks& own = mine();
        if (!own.keep(blocks_, place.granule, count)) blocks_.give(place.granule, count);
        own.freed += count;
        if (own.freed >= kFreedBetweenTrims) [[unlikely]]
          trim_now_and_then(own);
        return {};
      }
      blocks_.set_state(place.granule, {.kind = Kind::kLive, .size = size});
    }
  }
  return free_slowly(code);
}

}  // namespace internal

Result<const void*> CodeWriter::commit_first(std::size_t size, std::string_view name) {
  SMF_CHECK(state_ != nullptr && size - 1 < size_);
  return std::exchange(state_, nullptr)->commit(*this, size, name);
}

void CodeWriter::abort() { std::exchange(state_, nullptr)->abort(*this); }

std::optional<CodeBatch::Function> CodeBatch::add(std::size_t size, std::string_view name) {
  const std::size_t at = (used_ + kAlignment - 1) & ~(kAlignment - 1);
  if (at > capacity() || size > capacity() - at) return std::nullopt;
  used_ = at + size;
  const Function function{.bytes = writer_.bytes().subspan(at, size),
                          .address = writer_.address() + at};
  if (keeps_names_) {
    try {
      functions_.push_back({.code = {function.address, size}, .name = std::string(name)});
      has_names_ = has_names_ || !name.empty();
    } catch (const std::bad_alloc&) {  // then this function has no name
    }
  }
  return function;
}

Result<const void*> CodeBatch::commit(std::string_view name) {
  if (!has_names_) return writer_.commit_first(used_, name);
  std::vector<CodeListener::Function> functions;
  try {
    functions.reserve(functions_.size());
    for (const Named& function : functions_)
      functions.push_back({function.code, function.name.empty() ? name : function.name});
  } catch (const std::bad_alloc&) {  // then the block is told about as a whole
  }
  SMF_CHECK(writer_.state_ != nullptr && used_ - 1 < capacity());
  return std::exchange(writer_.state_, nullptr)->commit_slowly(writer_, used_, name, functions);
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
  return CodeBatch(std::move(writer), state_->has_listeners());
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
