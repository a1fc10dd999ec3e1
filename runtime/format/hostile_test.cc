// What no bytes may do to a reader: crash, hang, read out of bounds, or fail without saying where.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "runtime/format/golden_reading.h"
#include "runtime/format/view.h"
#include "testdata/golden/golden.h"

namespace smf {
namespace {

const std::vector<golden::File>& files() {
  static const std::vector<golden::File> all = golden::golden_files();
  return all;
}

// Opens and reads everything; how many files opened is counted, so that a test that mutates too
// much to be of use shows.
class Survivor {
 public:
  void survive(std::string_view bytes) {
    const ExactBuffer buffer(bytes);
    survive(buffer.bytes());
  }
  void survive(Bytes bytes) {
    ++count_;
    const auto view = SmfView::open(bytes);
    if (!view) {
      ASSERT_EQ(complaint_about(view.error()), "");
      return;
    }
    ++opened_;
    ASSERT_EQ(walk_everything(*view).complaint, "");
    ASSERT_TRUE(is_same_reopened(*view));
  }
  int count() const { return count_; }
  int opened() const { return opened_; }

 private:
  int count_ = 0, opened_ = 0;
};

TEST(Hostile, TruncationAtEveryByteIsSurvived) {
  Survivor reader;
  for (const golden::File& file : files()) {
    for (std::size_t size = 0; size < file.bytes.size(); ++size) {
      reader.survive(std::string_view(file.bytes).substr(0, size));
      if (HasFatalFailure()) FAIL() << file.name << " cut to " << size;
    }
  }
  EXPECT_GT(reader.count(), 20'000);
}

TEST(Hostile, CuttingTheStartAtEveryByteIsSurvived) {
  Survivor reader;
  for (const golden::File& file : files()) {
    for (std::size_t start = 1; start <= file.bytes.size(); ++start) {
      reader.survive(std::string_view(file.bytes).substr(start));
      if (HasFatalFailure()) FAIL() << file.name << " cut from " << start;
    }
  }
}

// Where the header stands: all values are tried there, elsewhere a few.
bool is_header_byte(const golden::File& file, std::size_t at) {
  const std::size_t size = file.dialect == "P128" ? 128 : file.dialect == "H72" ? 72 : 96;
  const bool at_end = file.bytes.compare(0, 4, std::string_view("SMF\0", 4)) != 0;
  return at_end ? at + size >= file.bytes.size() : at < size;
}

void change_single_bytes(const golden::File& file, Survivor& reader) {
  ExactBuffer buffer(file.bytes);
  for (std::size_t at = 0; at < buffer.size(); ++at) {
    const auto old = std::to_integer<unsigned>(buffer.data()[at]);
    std::vector<unsigned> values = {0x00, 0xFF, old ^ 0x80, (old + 1) & 0xFF};
    if (is_header_byte(file, at)) {
      values.resize(256);
      std::iota(values.begin(), values.end(), 0u);
    }
    for (const unsigned value : values) {
      if (value == old) continue;
      buffer.data()[at] = static_cast<std::byte>(value);
      reader.survive(buffer.bytes());
      if (testing::Test::HasFatalFailure()) FAIL() << file.name << " byte " << at << " = " << value;
    }
    buffer.data()[at] = static_cast<std::byte>(old);
  }
}

class HostileFile : public testing::TestWithParam<std::size_t> {};

TEST_P(HostileFile, EverySingleByteChangeIsSurvived) {
  Survivor reader;
  change_single_bytes(files()[GetParam()], reader);
}

INSTANTIATE_TEST_SUITE_P(Golden, HostileFile, testing::Range(std::size_t{0}, files().size()));

// One change of several bytes, of the length, or of the order.
void mutate(std::string& bytes, std::mt19937_64& random) {
  const auto below = [&](std::uint64_t limit) {
    return random() % std::max<std::uint64_t>(limit, 1);
  };
  const std::size_t at = below(bytes.size());
  switch (below(7)) {
    case 0:
      if (!bytes.empty()) bytes[at] = static_cast<char>(random());
      break;
    case 1: {  // a number that is likely to be interesting, as a field of 2, 4 or 8 bytes
      constexpr std::uint64_t kNumbers[] = {0,         1,          0x7F,       0xFFFF,
                                            0x10000,   0x7FFFFFFF, UINT32_MAX, UINT64_MAX,
                                            INT64_MAX, 1ull << 63, 1ull << 32, 0xFFFFFFFFFFFFFFF0};
      const std::uint64_t number = below(4) == 0 ? bytes.size() : kNumbers[below(12)];
      const std::size_t width = std::size_t{2} << below(3);
      for (std::size_t i = 0; i < width && at + i < bytes.size(); ++i)
        bytes[at + i] = static_cast<char>(number >> (8 * i));
      break;
    }
    case 2: {  // a block moves
      const std::string block = bytes.substr(at, below(128));
      bytes.erase(at, block.size());
      bytes.insert(below(bytes.size() + 1), block);
      break;
    }
    case 3: {  // a block is copied over another
      const std::string block = bytes.substr(at, below(128));
      const std::size_t to = below(bytes.size());
      bytes.replace(to, std::min(block.size(), bytes.size() - to), block, 0,
                    std::min(block.size(), bytes.size() - to));
      break;
    }
    case 4:
      bytes.resize(at);
      break;
    case 5:
      bytes.insert(at, below(64), static_cast<char>(random()));
      break;
    default:
      if (!bytes.empty()) bytes[at] = static_cast<char>(bytes[at] + (below(2) ? 1 : -1));
  }
}

class HostileSeed : public testing::TestWithParam<int> {};

TEST_P(HostileSeed, TenThousandRandomMutationsAreSurvived) {
  std::mt19937_64 random(static_cast<std::uint64_t>(GetParam()));
  Survivor reader;
  for (int round = 0; round < 10'000; ++round) {
    const golden::File& file = files()[random() % files().size()];
    std::string bytes = file.bytes;
    // The header's and tables' bytes matter most; most rounds change little, so that files open.
    for (std::uint64_t n = 1 + random() % (random() % 4 == 0 ? 8 : 2); n > 0; --n)
      mutate(bytes, random);
    reader.survive(bytes);
    if (HasFatalFailure()) FAIL() << file.name << " in round " << round << " of " << GetParam();
  }
  EXPECT_GT(reader.opened(), 1000);
}

INSTANTIATE_TEST_SUITE_P(Seeds, HostileSeed, testing::Range(0, 10));

class ChangingFile : public testing::TestWithParam<int> {};

// As when another process writes to a mapping: what was true at open is not true at access.
TEST_P(ChangingFile, BytesThatChangeWhileAViewIsOpenAreSurvived) {
  std::mt19937_64 random(1000 + static_cast<std::uint64_t>(GetParam()));
  for (const golden::File& file : files()) {
    ExactBuffer buffer(file.bytes);
    const auto view = SmfView::open(buffer.bytes());
    if (!view) continue;
    std::vector<Section> stale;
    for (std::uint32_t i = 0; i < view->section_count(); ++i) stale.push_back(*view->section(i));
    for (int round = 0; round < 60; ++round) {
      for (std::uint64_t n = 1 + random() % 40; n > 0; --n)
        buffer.data()[random() % buffer.size()] = static_cast<std::byte>(random());
      ASSERT_EQ(walk_everything(*view).complaint, "") << file.name;
      for (const Section& section : stale) {
        view->stored(section);
        for (std::uint64_t i = 0; i < SmfView::relocation_count(section); ++i) {
          const auto relocation = view->relocation(section, i);
          ASSERT_EQ(relocation ? "" : complaint_about(relocation.error()), "");
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ChangingFile, testing::Range(0, 4));

TEST(Hostile, FilesOfOneRepeatedByteAreSurvived) {
  Survivor reader;
  for (int value = 0; value < 256; ++value)
    for (const std::size_t size : {1, 64, 72, 96, 128, 300})
      reader.survive(std::string(size, static_cast<char>(value)));
  for (const std::size_t size : {4, 71, 72, 95, 96, 127, 128, 129, 4096}) {
    std::string bytes(size, '\0');
    bytes.replace(0, 3, "SMF");
    reader.survive(bytes);
  }
}

}  // namespace
}  // namespace smf
