// SMF_LONG=1 in the environment makes the random runs long.
#include "runtime/ffi/mapped_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "runtime/ffi/testing.h"
#include "runtime/os/fault_calls.h"

namespace smf::ffi {
namespace {

namespace fs = std::filesystem;

std::string text_of(const Allocation& bytes) {
  return {reinterpret_cast<const char*>(bytes.data.get()), bytes.size};
}

class Files : public testing::Test {
 protected:
  Files()
      : folder_(fs::path(testing::TempDir()) /
                testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::create_directories(folder_);
  }
  ~Files() override { fs::remove_all(folder_); }

  // With a zero here and there.
  std::string write(int number, std::size_t size) const {
    std::string content(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
      content[i] = i % 251 == 250 ? '\0' : static_cast<char>('A' + (i * 7 + i / 4096) % 50);
    std::ofstream(path(number), std::ios::binary) << content;
    return content;
  }
  std::string path(int number) const { return folder_ / fmt::format("file-{}", number); }

  fs::path folder_;
};

// A mapping as the model knows it.
struct KnownMapping {
  std::int64_t size;
  std::int64_t protection;
  std::int64_t flags;
  std::string content;
};

// Random calls, of which the model says what they give.
class MappingModel {
 public:
  MappingModel(MappedFiles& files, std::vector<std::pair<std::string, std::string>> content,
               unsigned seed)
      : files_(files), content_(std::move(content)), random_(seed) {}

  void step() {
    const auto which = random_() % 16;
    if (which < 5) return map();
    if (which < 6) return unmap();
    if (which < 9) return read_text();
    if (which < 11) return ranges();
    read_bytes();
  }

  void unmap_all() {
    for (const auto& [address, known] : known_) EXPECT_TRUE(files_.unmap(address, known.size));
    known_.clear();
  }

  int successes = 0, refusals = 0;
  std::size_t most_at_once = 0;

 private:
  std::int64_t below(std::int64_t limit) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(limit));
  }

  // Likely near `near`; sometimes as far as numbers go.
  std::int64_t number(std::int64_t near) {
    static constexpr std::int64_t kExtremes[] = {0, 1, -1, INT64_MAX, INT64_MIN, INT64_MAX - 4095};
    switch (random_() % 8) {
      case 0:
        return kExtremes[random_() % std::size(kExtremes)];
      case 1:
        return near;
      case 2:
        return near + 1;
      default:
        return near <= 0 ? 0 : below(near);
    }
  }

  void map() {
    const bool is_anonymous = random_() % 4 == 0;
    const auto& [path, content] = content_[random_() % content_.size()];
    const std::int64_t protection = below(9);
    const std::int64_t flags = 1 + below(3) + (is_anonymous ? MappedFiles::kAnonymous : 0) +
                               (random_() % 16 == 0 ? MappedFiles::kFixed : 0);
    std::int64_t offset = is_anonymous ? 0 : below(3) * page_size();
    if (random_() % 16 == 0) offset = number(offset);
    const auto size = static_cast<std::int64_t>(content.size());
    const std::int64_t length =
        random_() % 2 == 0 ? 0 : number(size - std::clamp<std::int64_t>(offset, 0, size));

    const bool is_possible = protection < 6 && flags % 4 != 3 && flags % 0x20 < 0x10 &&
                             offset >= 0 && offset % page_size() == 0 && length >= 0;
    const bool fits = is_anonymous ? offset == 0 && length > 0 && length < (1 << 30)
                                   : offset >= 0 && offset < size && length <= size - offset;
    const auto got = files_.map(is_anonymous ? "" : path, protection, flags, offset, length);
    ASSERT_EQ(got.has_value(), is_possible && fits)
        << protection << " " << flags << " " << offset << " " << length << " of " << size << ": "
        << (got ? "" : got.error().describe());
    note(got.has_value());
    if (!got) return;
    EXPECT_EQ(got->size, length != 0 ? length : size - offset);
    EXPECT_EQ(got->address % page_size(), 0);
    auto bytes = is_anonymous ? std::string(static_cast<std::size_t>(length), '\0')
                              : content.substr(static_cast<std::size_t>(offset),
                                               static_cast<std::size_t>(got->size));
    ASSERT_TRUE(
        known_.emplace(got->address, KnownMapping{got->size, protection, flags, std::move(bytes)})
            .second);
    most_at_once = std::max(most_at_once, known_.size());
    EXPECT_EQ(files_.count(), known_.size());
  }

  // A mapping, or none that is there.
  std::pair<std::int64_t, const KnownMapping*> any() {
    if (known_.empty() || random_() % 16 == 0) return {number(1 << 20), nullptr};
    const auto found = std::next(known_.begin(), below(std::ssize(known_)));
    return {found->first, &found->second};
  }

  void unmap() {
    auto [address, known] = any();
    std::int64_t size = known != nullptr ? known->size : 1;
    if (random_() % 4 == 0) size = number(size);
    if (known != nullptr && random_() % 8 == 0) address += below(2 * page_size());
    const auto found = known_.find(address);
    const bool expected = found != known_.end() && found->second.size == size;
    const auto got = files_.unmap(address, size);
    ASSERT_EQ(got.has_value(), expected) << address << " " << size;
    note(expected);
    if (expected) known_.erase(found);
  }

  struct Spot {
    std::int64_t address;
    const KnownMapping* known;  // the mapping that it is in
    std::int64_t inside;        // bytes from there
  };

  // In a mapping, or a little behind its end, where the next one may begin.
  Spot spot() {
    auto [address, near] = any();
    if (near != nullptr) address += below(near->size + 10);
    const auto after = known_.upper_bound(address);
    if (after == known_.begin()) return {address, nullptr, 0};
    const auto& [begin, known] = *std::prev(after);
    const std::uint64_t inside =
        static_cast<std::uint64_t>(address) - static_cast<std::uint64_t>(begin);
    if (inside >= static_cast<std::uint64_t>(known.size)) return {address, nullptr, 0};
    return {address, &known, static_cast<std::int64_t>(inside)};
  }

  // Of the mapping that the bytes `offset` behind are in, if it can be read.
  const std::string* readable(const KnownMapping* known, std::int64_t inside,
                              std::int64_t offset) const {
    if (known == nullptr || offset < 0) return nullptr;
    if (offset > known->size - inside || known->protection % 2 == 0) return nullptr;
    return &known->content;
  }

  void read_bytes() {
    const auto [address, known, inside] = spot();
    const std::int64_t rest = known != nullptr ? known->size - inside : 9;
    const std::int64_t offset = random_() % 2 == 0 ? 0 : number(rest);
    const std::int64_t length = number(offset >= 0 && offset <= rest ? rest - offset : rest);
    const std::string* const content = readable(known, inside, offset);
    const bool expected = content != nullptr && length >= 0 && length <= rest - offset;
    const auto got = files_.read_bytes(address, offset, length);
    const auto view = files_.view(address, offset, length);
    ASSERT_EQ(got.has_value(), expected)
        << address << " " << offset << " " << length << (got ? "" : got.error().describe());
    ASSERT_EQ(view.has_value(), expected);
    note(expected);
    if (!expected) return;
    const auto wanted = std::string_view(*content).substr(static_cast<std::size_t>(inside + offset),
                                                          static_cast<std::size_t>(length));
    EXPECT_TRUE(text_of(*got) == wanted);
    EXPECT_TRUE(as_text(*view) == wanted);
    EXPECT_EQ(reinterpret_cast<std::int64_t>(view->data()), address + offset);
    EXPECT_EQ(got->data.get()[got->size], 0);
  }

  void read_text() {
    const auto [address, known, inside] = spot();
    const std::int64_t offset = random_() % 2 == 0 ? 0 : number(9);
    const std::int64_t most = random_() % 2 == 0 ? 0 : number(300);
    const std::string* const content = readable(known, inside, offset);
    const auto got = files_.read_text(address, offset, most);
    ASSERT_EQ(got.has_value(), content != nullptr && most >= 0);
    note(got.has_value());
    if (!got) return;
    std::string wanted = content->substr(static_cast<std::size_t>(inside + offset));
    if (most != 0) wanted = wanted.substr(0, static_cast<std::size_t>(most));
    EXPECT_EQ(text_of(*got), wanted.substr(0, wanted.find('\0')));
  }

  void ranges() {
    const auto [address, known, inside] = spot();
    const std::int64_t rest = known != nullptr ? known->size - inside : 9;
    const std::int64_t size = number(rest), advice = number(5);
    const bool is_range = known != nullptr && size > 0 && size <= rest;
    const bool writable = known != nullptr && (known->protection & MappedFiles::kWrite) != 0;
    const bool shared = known != nullptr && known->flags % 4 == MappedFiles::kShared;
    const bool loses = advice == 4 && writable && !shared;
    // Whether memory of no file can be read ahead depends on how the kernel was built.
    const bool is_anonymous = known != nullptr && (known->flags & MappedFiles::kAnonymous) != 0;
    if (!is_anonymous || advice != 3) {
      EXPECT_EQ(files_.advise(address, size, advice).has_value(),
                is_range && advice >= 0 && advice < 5 && !loses);
    }
    EXPECT_EQ(files_.sync(address, size, os::Sync::kStart).has_value(),
              is_range && writable && shared);
    EXPECT_EQ(files_.unlock(address, size).has_value(), is_range);
    note(is_range);
  }

  void note(bool is_success) { ++(is_success ? successes : refusals); }

  MappedFiles& files_;
  std::vector<std::pair<std::string, std::string>> content_;
  std::mt19937 random_;
  std::map<std::int64_t, KnownMapping> known_{};
};

TEST_F(Files, RandomCallsGiveWhatTheModelSays) {
  std::vector<std::pair<std::string, std::string>> content;
  for (const std::int64_t size :
       {std::int64_t{1}, page_size() - 1, page_size(), 3 * page_size(), 5 * page_size() + 77}) {
    const int number = static_cast<int>(content.size());
    content.emplace_back(path(number), write(number, static_cast<std::size_t>(size)));
  }
  const int descriptors = os::descriptor_count();
  for (unsigned seed = 1; seed <= (kIsLong ? 300u : 8u); ++seed) {
    MappedFiles files;
    MappingModel model(files, content, seed);
    for (int i = 0; i < 600 && !HasFailure(); ++i) model.step();
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
    EXPECT_GT(model.successes, 100);
    EXPECT_GT(model.refusals, 100);
    EXPECT_GT(model.most_at_once, 3u);
    model.unmap_all();
    EXPECT_EQ(files.count(), 0u);
    EXPECT_EQ(os::mapping_count(folder_.native()), 0u);
  }
  EXPECT_EQ(os::descriptor_count(), descriptors);
}

TEST_F(Files, WhateverSystemCallFailsNothingIsLeft) {
  const std::string content = write(0, 10'000);
  const int descriptors = os::descriptor_count();
  bool went_well = false;
  for (int n = 0; n < 40 && !went_well; ++n) {
    os::FaultCalls calls;
    calls.fail_at = n;
    calls.error = ENOMEM;
    MappedFiles files(calls);
    int failures = 0;
    const auto count = [&](const auto& result) {
      if (result) return true;
      EXPECT_EQ(result.error().code, ErrorCode::kSystem);
      EXPECT_EQ(result.error().system_errno, ENOMEM);
      return ++failures == 0;
    };
    count(files.file_size(path(0)));
    const auto file = files.map(path(0), kReadWrite, MappedFiles::kShared, 0, 0);
    if (count(file)) {
      count(files.advise(file->address, file->size, 1));
      count(files.sync(file->address, file->size, os::Sync::kWait));
      if (count(files.lock(file->address, 1))) count(files.unlock(file->address, 1));
      EXPECT_EQ(text_of(*files.read_bytes(file->address, 1, 3)), content.substr(1, 3));
      count(files.unmap(file->address, file->size));
      EXPECT_FALSE(files.unmap(file->address, file->size));
    }
    const auto memory = files.map("", kReadWrite, 0x22, 0, 1 << 20);
    if (count(memory)) count(files.unmap(memory->address, memory->size));
    EXPECT_EQ(files.count(), 0u) << "call " << n;
    EXPECT_EQ(os::mapping_count(folder_.native()), 0u) << "call " << n;
    EXPECT_EQ(os::descriptor_count(), descriptors) << "call " << n;
    went_well = calls.calls <= n;
    // Nobody is told of a close that fails.
    EXPECT_LE(failures, went_well ? 0 : 1) << "call " << n;
  }
  EXPECT_TRUE(went_well);
}

TEST_F(Files, MemoryThatTheSystemGaveAwayAgainIsNotTakenForTheOldMapping) {
  write(0, 100);
  // Gives the same address twice, as the kernel does when somebody else unmaps what is ours.
  class Twice : public os::SystemCalls {
   public:
    void* mmap(void*, size_t, int, int, int, off_t) override { return page.data(); }
    int munmap(void*, size_t) override { return 0; }
    alignas(4096) std::array<std::byte, 65'536> page{};
  };
  static Twice calls;
  MappedFiles files(calls);
  const auto first = files.map("", MappedFiles::kRead, 0x22, 0, 100);
  ASSERT_TRUE(first);
  const auto second = files.map("", MappedFiles::kRead, 0x22, 0, 100);
  ASSERT_FALSE(second);
  EXPECT_TRUE(second.error().message.ends_with("was unmapped by other means"));
  EXPECT_TRUE(files.unmap(first->address, 100));
}

TEST_F(Files, MappingsThatTouchAreToldApart) {
  write(0, static_cast<std::size_t>(page_size()));
  MappedFiles files;
  std::vector<MappedRange> all;
  for (int i = 0; i < 64; ++i) {
    const auto one = files.map(path(0), MappedFiles::kRead, MappedFiles::kPrivate, 0, 0);
    ASSERT_TRUE(one);
    all.push_back(*one);
  }
  std::ranges::sort(all, {}, &MappedRange::address);
  std::size_t touching = 0;
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    if (all[i].address + all[i].size != all[i + 1].address) continue;
    ++touching;
    EXPECT_TRUE(files.view(all[i].address, all[i].size - 1, 1));
    EXPECT_FALSE(files.view(all[i].address, all[i].size - 1, 2));
    EXPECT_EQ(reinterpret_cast<std::int64_t>(files.view(all[i + 1].address, 0, 1)->data()),
              all[i + 1].address);
  }
  EXPECT_GT(touching, 0u);
  for (const MappedRange& one : all) EXPECT_TRUE(files.unmap(one.address, one.size));
}

// Of the threads, each with a file of its own letter: what is read is that letter throughout, or
// refused. Addresses are shared, so that others unmap what one is reading.
TEST_F(Files, EightThreadsMapReadAdviseAndUnmapTheSameMappings) {
  constexpr int kThreads = 8, kSlots = 16;
  const int steps = kIsLong ? 200'000 : 2'000;
  const auto size = static_cast<std::size_t>(2 * page_size() + 10);
  for (int i = 0; i < kSlots; ++i)
    std::ofstream(path(i), std::ios::binary) << std::string(size, static_cast<char>('a' + i));
  const int descriptors = os::descriptor_count();
  MappedFiles files;
  std::array<std::atomic<std::int64_t>, kSlots> addresses{};
  std::atomic<int> wrong = 0, reads = 0, unmapped = 0, mapped = 0;
  const auto work = [&](int thread) {
    std::mt19937 random(static_cast<unsigned>(thread));
    for (int n = 0; n < steps; ++n) {
      const int slot = static_cast<int>(random() % kSlots);
      const std::int64_t address = addresses[static_cast<std::size_t>(slot)].load();
      if (address == 0) {
        const auto got = files.map(path(slot), MappedFiles::kRead, MappedFiles::kPrivate, 0, 0);
        if (!got) {
          ++wrong;
          continue;
        }
        ++mapped;
        std::int64_t none = 0;
        if (!addresses[static_cast<std::size_t>(slot)].compare_exchange_strong(none,
                                                                               got->address) &&
            files.unmap(got->address, got->size))
          ++unmapped;
      } else if (random() % 16 == 0) {
        // Of several that have the address, one unmaps it.
        if (files.unmap(address, static_cast<std::int64_t>(size))) ++unmapped;
        std::int64_t same = address;
        addresses[static_cast<std::size_t>(slot)].compare_exchange_strong(same, 0);
      } else if (random() % 4 == 0) {
        // All of it: advice for a part would split the mapping's line in two.
        static_cast<void>(files.advise(address, static_cast<std::int64_t>(size), n % 4));
      } else if (const auto got = files.read_bytes(address + 1, 0, page_size())) {
        // The address may be another file's by now; but the bytes are one file's.
        const std::string text = text_of(*got);
        if (text.find_first_not_of(text[0]) != std::string::npos || text[0] < 'a') ++wrong;
        ++reads;
      } else if (got.error().code != ErrorCode::kInvalidArgument) {
        ++wrong;
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back(work, i);
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(reads, 0);
  // What is left is known, by address and as a whole.
  EXPECT_EQ(files.count(), static_cast<std::size_t>(mapped - unmapped));
  EXPECT_EQ(os::mapping_count(folder_.native()), files.count());
  for (const auto& address : addresses)
    static_cast<void>(files.unmap(address, static_cast<std::int64_t>(size)));
  EXPECT_EQ(os::mapping_count(folder_.native()), files.count());
  EXPECT_EQ(os::descriptor_count(), descriptors);
}

// A madvise that stands still until it is let go: a use that is under way.
class Standing : public os::SystemCalls {
 public:
  int madvise(void*, size_t, int) override {
    inside.arrive_and_wait();
    leave.arrive_and_wait();
    still_mapped = os::mapping_count(path) != 0;
    return 0;
  }
  std::string path;
  std::barrier<> inside{2}, leave{2};
  bool still_mapped = false;
};

TEST_F(Files, UnmappingWaitsForAUseThatIsUnderWay) {
  write(0, 100);
  Standing calls;
  calls.path = path(0);
  MappedFiles files(calls);
  const auto mapped = files.map(path(0), MappedFiles::kRead, MappedFiles::kPrivate, 0, 0);
  ASSERT_TRUE(mapped);
  std::atomic<bool> is_advised = false;
  std::jthread user([&] { is_advised = files.advise(mapped->address, 1, 1).has_value(); });
  calls.inside.arrive_and_wait();
  std::jthread unmapper([&] {
    EXPECT_TRUE(files.unmap(mapped->address, mapped->size));
    EXPECT_TRUE(calls.still_mapped);
    EXPECT_EQ(os::mapping_count(path(0)), 0u);
  });
  // Out of the table at once, and in memory until the use is over.
  while (files.count() != 0) std::this_thread::yield();
  EXPECT_FALSE(files.read_bytes(mapped->address, 0, 1));
  EXPECT_EQ(os::mapping_count(path(0)), 1u);
  calls.leave.arrive_and_wait();
  user.join();
  unmapper.join();
  EXPECT_TRUE(is_advised);
}

TEST_F(Files, ATruncationUnderReadersIsAnErrorAndNoSignal) {
  const int rounds = kIsLong ? 2'000 : 40;
  const auto size = static_cast<std::size_t>(8 * page_size());
  MappedFiles files;
  int refused = 0;
  for (int round = 0; round < rounds; ++round) {
    std::ofstream(path(0), std::ios::binary) << std::string(size, 'x');
    const auto mapped = files.map(path(0), MappedFiles::kRead, MappedFiles::kPrivate, 0, 0);
    ASSERT_TRUE(mapped);
    std::atomic<int> wrong = 0;
    {
      const auto read = [&] {
        for (;;) {
          const auto got = files.read_bytes(mapped->address, 0, mapped->size);
          if (!got) {
            if (got.error().code != ErrorCode::kInvalidInput) ++wrong;
            return;
          }
          if (text_of(*got).find('\0') != std::string::npos) ++wrong;
        }
      };
      const std::jthread one(read), two(read);
      fs::resize_file(path(0), static_cast<std::uintmax_t>((round % 4) * page_size()));
    }
    EXPECT_EQ(wrong, 0);
    const auto text = files.read_text(mapped->address, 0, 0);
    refused += !text && text.error().message.starts_with("has become shorter") ? 1 : 0;
    EXPECT_FALSE(files.view(mapped->address, 0, 1));
    EXPECT_TRUE(files.unmap(mapped->address, mapped->size));
  }
  EXPECT_EQ(refused, rounds);
  EXPECT_EQ(os::mapping_count(folder_.native()), 0u);
}

}  // namespace
}  // namespace smf::ffi
