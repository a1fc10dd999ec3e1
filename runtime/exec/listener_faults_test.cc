// Each allocation fails once while code is published with every listener: publishing goes on, and
// who was not told everything says so.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>

#include "runtime/base/failing_new.h"
#include "runtime/exec/gdb_registration.h"
#include "runtime/exec/jitdump.h"
#include "runtime/exec/perf_map.h"
#include "runtime/exec/tiny_code.h"
#include "runtime/exec/unwinding.h"

namespace smf {
namespace {

int listed() {
  int count = 0;
  for (const auto* entry = internal::__jit_debug_descriptor.first; entry; entry = entry->next)
    ++count;
  return count;
}

void add(CodeMemory& memory, std::string_view name) {
  auto writer = memory.begin(16);
  if (writer) static_cast<void>(writer->commit(name));
}

TEST(ListenerFaults, EachAllocationThatFailsIsToldAndHarmsNobody) {
  const std::string folder = testing::TempDir();
  const std::string map = folder + "/faults.map";
  const PerfMapOptions map_options{.path = map, .calls = nullptr};
  const JitDumpOptions dump_options{.folder = folder, .calls = nullptr};
  const auto allocations = fail_each_allocation([&] {
    const auto perf = PerfMap::create(map_options);
    const auto dump = JitDump::create(dump_options);
    EXPECT_TRUE(perf || perf.error().code == ErrorCode::kOutOfMemory);
    EXPECT_TRUE(dump || dump.error().code == ErrorCode::kOutOfMemory);
  });
  EXPECT_GE(allocations, 6);

  const auto perf = PerfMap::create(map_options).value();
  const auto dump = JitDump::create(dump_options).value();
  int untold = 0, unregistered = 0;
  bool has_failed = true;
  for (std::int64_t n = 0; has_failed; ++n) {
    const auto gdb = std::make_shared<GdbRegistration>();
    const auto unwinding = std::make_shared<Unwinding>();
    CodeMemoryOptions options;
    options.listeners = {gdb, unwinding, perf, dump};
    CodeMemory memory = CodeMemory::create(options).value();
    {
      const FailingNew failing(n);
      add(memory, "a_name_that_is_too_long_to_need_no_memory");
      has_failed = failing.has_failed();
    }
    add(memory, "after");
    EXPECT_EQ(gdb->status().has_value(), listed() == static_cast<int>(memory.stats().blocks));
    EXPECT_EQ(unwinding->status().has_value(),
              unwinding->registrations() == memory.stats().regions);
    untold += gdb->status() ? 0 : 1;
    unregistered += unwinding->status() ? 0 : 1;
  }
  EXPECT_EQ(listed(), 0);
  EXPECT_GE(untold, 4);
  EXPECT_GE(unregistered, 2);
  // These need no memory once they are there.
  EXPECT_TRUE(perf->status());
  EXPECT_TRUE(dump->status());
  std::filesystem::remove(map);
  std::filesystem::remove(dump->path());
}

TEST(ListenerFaults, ABatchIsPublishedWithTheNamesForWhichThereIsMemory) {
  const auto gdb = std::make_shared<GdbRegistration>();
  CodeMemoryOptions options;
  options.listeners = {gdb};
  CodeMemory memory = CodeMemory::create(options).value();
  add(memory, "so that there is a region");
  // With page protection a block needs memory itself.
  const bool is_dual = memory.stats().protection == CodeProtection::kDualMapping;
  fail_each_allocation([&] {
    auto batch = memory.begin_batch(100);
    if (!batch && !is_dual) return;
    ASSERT_TRUE(batch);
    EXPECT_TRUE(batch->add(16, "a_name_that_is_too_long_to_need_no_memory"));
    EXPECT_TRUE(batch->add(16, "another_name_that_is_too_long_to_need_none"));
    const auto block = batch->commit();
    ASSERT_TRUE(block);
    EXPECT_TRUE(memory.free(*block));
  });
  EXPECT_EQ(listed(), 1);
}

}  // namespace
}  // namespace smf
