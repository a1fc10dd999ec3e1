// Random calls of ExecMemory, by one thread and by eight. SMF_LONG=1 in the environment makes them
// long.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <iterator>
#include <map>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "runtime/ffi/exec_memory.h"
#include "runtime/ffi/exec_memory_testing.h"

namespace smf::ffi {
namespace {

using RandomMemory = Memory;
INSTANTIATE_TEST_SUITE_P(Both, RandomMemory,
                         testing::Values(CodeProtection::kDualMapping,
                                         CodeProtection::kPageProtection),
                         name_of);

// A block as the model knows it.
struct KnownBlock {
  std::int64_t size;
  bool is_code;
  std::int64_t protection;
  bool was_executable;
  std::int64_t written;                  // of code: the end of it
  std::optional<std::uint32_t> returns;  // of the function at its first byte
};

// Random calls, of which the model says what they give.
class MemoryModel {
 public:
  MemoryModel(ExecMemory& memory, unsigned seed) : memory_(memory), random_(seed) {}

  void step() {
    pick();
    switch (random_() % 8) {
      case 0:
        return alloc();
      case 1:
        return random_() % 2 == 0 ? free() : alloc();
      case 2:
        return protect();
      case 3:
        return note(memory_.make_executable(address_, size_).has_value() == make_executable());
      case 4:
      case 5:
        return write();
      default:
        return ask();
    }
  }

  void free_all() {
    for (const auto& [address, known] : known_) EXPECT_TRUE(memory_.free(address, known.size));
    EXPECT_EQ(memory_.count(), 0);
    EXPECT_EQ(memory_.total(), 0);
  }

  int wrong = 0, calls = 0;

 private:
  // An address and a size: a block's, most of the time.
  void pick() {
    static constexpr std::int64_t kExtremes[] = {0, 1, -1, INT64_MAX, INT64_MIN};
    address_ = kExtremes[random_() % std::size(kExtremes)];
    size_ = kExtremes[random_() % std::size(kExtremes)];
    if (!known_.empty() && random_() % 16 != 0) {
      const auto& [begin, known] =
          *std::next(known_.begin(), static_cast<std::ptrdiff_t>(random_() % known_.size()));
      address_ = begin;
      if (random_() % 8 != 0) size_ = known.size;
      if (random_() % 8 == 0) address_ += static_cast<std::int64_t>(random_() % 100) * 4;
    }
    // The block that holds the address, if any.
    const auto after = known_.upper_bound(address_);
    begin_ = after == known_.begin() ? 0 : std::prev(after)->first;
    block_ = after == known_.begin() || address_ - begin_ >= std::prev(after)->second.size
                 ? nullptr
                 : &std::prev(after)->second;
    is_whole_ = block_ != nullptr && address_ == begin_ && size_ == block_->size;
  }
  bool is_executable() const { return block_ != nullptr && block_->protection >= kExecute; }
  void note(bool is_right) {
    if (!is_right) ++wrong;
  }

  void alloc() {
    const bool is_code = random_() % 2 == 0;
    const auto size = static_cast<std::int64_t>(random_() % 5000);
    const auto made = is_code ? memory_.alloc_code(size) : memory_.alloc_pages(size);
    note(made.has_value() == (size != 0));
    if (!made) return;
    note(known_
             .emplace(*made, KnownBlock{.size = size,
                                        .is_code = is_code,
                                        .protection = is_code ? kReadExecute : kReadWrite,
                                        .was_executable = is_code,
                                        .written = 0,
                                        .returns = {}})
             .second);
  }

  void free() {
    note(memory_.free(address_, size_).has_value() == is_whole_);
    if (is_whole_) known_.erase(begin_);
  }

  bool make_executable() {
    if (is_whole_) block_->was_executable = true;
    if (is_whole_ && block_->protection < kExecute) block_->protection = kReadExecute;
    return is_whole_;
  }

  void protect() {
    const auto bits = static_cast<std::int64_t>(random_() % 9);
    bool expected = is_whole_ && bits < 6;
    if (expected && bits != block_->protection)
      expected = !block_->is_code && ((bits & kWrite) == 0 || !block_->was_executable);
    note(memory_.set_protection(address_, size_, bits).has_value() == expected);
    if (!expected) return;
    block_->protection = bits;
    block_->was_executable |= bits >= kExecute;
  }

  void write() {
    const std::uint32_t value = random_() % 2000;
    const auto bytes = returning(value);
    const std::int64_t offset =
        random_() % 4 == 0 ? 8 * static_cast<std::int64_t>(random_() % 700) : 0;
    const std::int64_t end = block_ == nullptr ? 0 : address_ - begin_ + offset + std::ssize(bytes);
    const bool expected = block_ != nullptr && end <= block_->size &&
                          (block_->is_code || (block_->protection & kWrite) != 0);
    const auto written = memory_.write(address_, bytes, offset);
    note(written.has_value() == expected && (!written || *written == std::ssize(bytes)));
    if (!expected) return;
    block_->written = std::max(block_->written, end);
    const std::int64_t from = end - std::ssize(bytes);
    if (from == 0) block_->returns = value;
    if (from > 0 && from < std::ssize(bytes)) block_->returns.reset();
  }

  void ask() {
    const auto executable = memory_.is_executable(address_);
    note(executable.has_value() == (block_ != nullptr) &&
         (!executable || *executable == is_executable()));
    const auto bits = memory_.protection(address_);
    note(bits.has_value() == (block_ != nullptr) && (!bits || *bits == block_->protection));
    note(memory_.function(address_).has_value() == is_executable());
    const bool can_run =
        is_executable() && (!block_->is_code || address_ - begin_ < block_->written);
    const auto call = memory_.begin_call(address_);
    note(call.has_value() == can_run);
    if (!call || address_ != begin_ || !block_->returns) return;
    note(call->run() == *block_->returns);
    ++calls;
  }

  ExecMemory& memory_;
  std::mt19937 random_;
  std::map<std::int64_t, KnownBlock> known_{};
  std::int64_t address_ = 0, size_ = 0, begin_ = 0;
  KnownBlock* block_ = nullptr;
  bool is_whole_ = false;
};

TEST_P(RandomMemory, RandomCallsGiveWhatTheModelSays) {
  for (unsigned seed = 1; seed <= (kIsLong ? 300u : 8u); ++seed) {
    MemoryModel model(memory, seed);
    for (int i = 0; i < 2000 && model.wrong == 0; ++i) model.step();
    EXPECT_EQ(model.wrong, 0) << "seed " << seed;
    EXPECT_GT(model.calls, 30);
    model.free_all();
  }
}

// Addresses are shared, so that others write and free what one calls. A call gives what was written
// as a whole, or is refused.
TEST_P(RandomMemory, EightThreadsAllocateWriteCallAndFreeTheSameCode) {
  constexpr int kThreads = 8, kSlots = 16;
  constexpr std::int64_t kSize = 100;
  const int steps = kIsLong ? 200'000 : 2'000;
  std::array<std::atomic<std::int64_t>, kSlots> addresses{};
  std::atomic<int> wrong = 0, called = 0, made = 0, freed = 0;
  const auto is_fine = [](const auto& result) {
    return result || result.error().code == ErrorCode::kInvalidArgument ||
           result.error().code == ErrorCode::kUnsupported;
  };
  const auto free = [&](std::int64_t address) {
    const auto result = memory.free(address, kSize);
    if (!is_fine(result)) ++wrong;
    if (result) ++freed;
    return result.has_value();
  };
  const auto work = [&](int thread) {
    std::mt19937 random(static_cast<unsigned>(thread));
    for (int n = 0; n < steps; ++n) {
      auto& slot = addresses[random() % kSlots];
      std::int64_t address = slot.load();
      if (address == 0) {
        const bool is_code = random() % 4 != 0;
        const auto got = is_code ? memory.alloc_code(kSize) : memory.alloc_pages(kSize);
        if (!got) {
          ++wrong;
          continue;
        }
        ++made;
        // Somebody with an old address that is this one may be calling it, or have freed it.
        if (!is_fine(memory.write(*got, returning(1 + random() % 4), 0)) ||
            !is_fine(memory.make_executable(*got, kSize)))
          ++wrong;
        if (!slot.compare_exchange_strong(address, *got)) free(*got);
      } else if (random() % 16 == 0) {
        if (free(address)) slot.compare_exchange_strong(address, 0);
      } else if (random() % 8 == 0) {
        if (!is_fine(memory.write(address, returning(5 + random() % 4), 0))) ++wrong;
      } else if (const auto result = call(memory, address)) {
        ++called;
        if (*result < 1 || *result > 8) ++wrong;
      } else {
        if (!is_fine(result)) ++wrong;
        slot.compare_exchange_strong(address, 0);
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    threads.reserve(kThreads);
    for (int i = 0; i < kThreads; ++i) threads.emplace_back(work, i);
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(called, 0);
  EXPECT_GT(freed, 0);
  EXPECT_EQ(memory.count(), made - freed);
  EXPECT_EQ(memory.total(), kSize * (made - freed));
}

}  // namespace
}  // namespace smf::ffi
