#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "runtime/base/failing_new.h"
#include "runtime/mir/text.h"
#include "runtime/mir/text_samples.h"

namespace smf::mir {
namespace {

// Returns how many allocations reading takes.
std::int64_t read_with_each_allocation_failing(std::string_view text,
                                               const Result<Unit>& expected) {
  return fail_each_allocation([&] {
    const auto unit = read_text(text);
    if (!unit && unit.error().code == ErrorCode::kOutOfMemory) return;
    EXPECT_EQ(unit, expected);
  });
}

// Without foreign objects and arrays: the JSON library allocates when it destroys those, and ends
// the process where it cannot.
std::string without_foreign_lines() {
  std::string text;
  for (std::string_view rest = kEverything; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n') + 1);
    const bool is_terminator = line.contains("Throw");
    if (!line.contains("foreign {") || is_terminator)
      text += is_terminator ? "unreachable\n" : line;
    rest.remove_prefix(line.size());
  }
  return text;
}

TEST(TextMemory, ReadingSaysThatThereIsTooLittleOrSucceeds) {
  const std::string text = without_foreign_lines();
  const auto unit = read_text(text);
  ASSERT_TRUE(unit) << unit.error().message;
  EXPECT_GT(read_with_each_allocation_failing(text, unit), 300);
}

TEST(TextMemory, MistakesAreFoundOrThereIsTooLittle) {
  for (const std::string_view line : {"%1 = add 5, %0", "foreign \"Nop\"", "store %0, \"\\q\""}) {
    const std::string text = in_function(line);
    const auto mistake = read_text(text);
    ASSERT_FALSE(mistake);
    EXPECT_GT(read_with_each_allocation_failing(text, mistake), 5);
  }
}

}  // namespace
}  // namespace smf::mir
