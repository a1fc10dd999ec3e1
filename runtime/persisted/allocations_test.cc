// That finding persisted code allocates nothing, and what happens where memory runs out.
#include <deque>
#include <filesystem>

#include "runtime/base/failing_new.h"
#include "runtime/persisted/persisting.h"

namespace smf {
namespace {

TEST(PersistedAllocations, FindingNeedsNoneWhetherItIsThereOrNot) {
  std::deque<SamplePiece> samples;
  std::vector<ByteVector> entries;
  for (std::size_t i = 0; i < 1000; ++i) {
    samples.emplace_back(i, 1, 200);
    entries.push_back(samples.back().entry());
  }
  const ByteVector section = section_of(entries, 64);
  PersistedCodeReader reader(section);
  ASSERT_TRUE(reader.refresh());
  std::size_t found = 0, names = 0;
  const FailingNew counting(-1);
  for (const SamplePiece& sample : samples) {
    const auto code = reader.find(sample.key());
    found += code.has_value();
    names += code && code->function(code->found())->name.starts_with("List$");
    names += code && code->relocation(0)->name == "memcpy";
    found += reader.find({1, sample.key().high}).has_value();
  }
  const bool is_refreshed = reader.refresh().has_value();  // nothing was appended
  EXPECT_EQ(counting.count(), 0);
  EXPECT_TRUE(is_refreshed);
  EXPECT_EQ(found, samples.size());
  EXPECT_EQ(names, 2 * samples.size());
}

TEST(PersistedAllocations, EachOfARefreshMayFail) {
  const std::vector<ByteVector> entries = {sample_code(0).entry(), sample_code(1).entry()};
  const ByteVector section = section_of(entries, 64);
  const Hash128 key = sample_code(1).key();
  const auto allocations = fail_each_allocation([&] {
    PersistedCodeReader reader(section);
    const auto refreshed = reader.refresh();
    EXPECT_TRUE(refreshed || refreshed.error().code == ErrorCode::kOutOfMemory);
    EXPECT_EQ(reader.find(key).has_value(), refreshed.has_value());
    EXPECT_TRUE(reader.refresh());
    EXPECT_TRUE(reader.find(key));
  });
  EXPECT_GE(allocations, 2);
}

void fail_each_of_append(std::size_t room) {
  constexpr std::size_t kRows = 5;
  const std::string path = scratch_path("allocations.smf");
  const std::string bytes = module_with_room(kRows, room);
  const SamplePiece sample = sample_code(3);
  for (std::int64_t number = 0;; ++number) {
    write_file(path, bytes);
    Result<PersistUpdate> update;
    bool has_failed = false;
    std::string given = path;
    {
      const FailingNew failing(number);
      auto writer = PersistedCodeWriter::open(std::move(given));
      if (writer) {
        update = writer->append(sample.piece());
      } else {
        update = std::unexpected(std::move(writer).error());
      }
      has_failed = failing.has_failed();
    }
    if (!update) {
      EXPECT_EQ(update.error().code, ErrorCode::kOutOfMemory) << update.error().describe();
    }
    const auto kept = kept_in(read_file(path), kRows);
    if (update) {
      EXPECT_EQ(kept, (std::set<std::size_t>{3}));
    }
    expect_nothing_lost(names_of(read_file(path)), kRows);
    auto again = PersistedCodeWriter::open(path);
    ASSERT_TRUE(again && persist(*again, 4)) << number;
    EXPECT_TRUE(kept_in(read_file(path), kRows).contains(4)) << number;
    if (!has_failed) {
      EXPECT_TRUE(update);
      EXPECT_GE(number, 5);
      break;
    }
  }
  std::filesystem::remove(path);
}

TEST(PersistedAllocations, EachOfAnAppendMayFail) { fail_each_of_append(4096); }

TEST(PersistedAllocations, EachOfARewriteMayFail) { fail_each_of_append(16); }

}  // namespace
}  // namespace smf
