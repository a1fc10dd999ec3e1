// Each allocation of a request fails in turn: it says so, and the next request goes well.
#include <gtest/gtest.h>

#include <string>

#include "runtime/base/failing_new.h"
#include "runtime/jit/jit_testing.h"

namespace smf {
namespace {

class JitAllocations : public JitModules {
 protected:
  // a calls b, which calls c; c and d call each other, and d somebody's function.
  std::string add_module() {
    return add("m.smf",
               note_text({{"a", "i64", "a$i64"},
                          {"b", "Int", "b$Int"},
                          {"a", "*u8", "a$1"},
                          {"a", "*i8", "a$2"}}),
               calling("a", {"b<T>"}, 1) + calling("b", {"c<T>"}, 2) + calling("c", {"d<T>"}, 3) +
                   calling("d", {"c<T>", "outer"}, 4));
  }
};

void outer() {}

TEST_F(JitAllocations, LoadingIsAllOrNothing) {
  const std::string first = add("f.smf", note_text({{"z", "i64", "z$i64"}}), calling("z", {}, 1));
  const std::string path = add_module();
  std::unique_ptr<JitInstantiator> jit;
  // A new one each time, so that nothing is known.
  for (std::int64_t number = 0, done = 0; done == 0; ++number) {
    ASSERT_LT(number, 5'000);
    jit = make();
    load(*jit, first);
    Result<void> loaded;
    {
      const FailingNew failing(number);
      loaded = jit->load_metadata(path);
      done = failing.has_failed() ? 0 : 1;
    }
    if (!loaded) {
      EXPECT_EQ(loaded.error().code, ErrorCode::kOutOfMemory) << loaded.error().describe();
      EXPECT_EQ(jit->stats().loaded_smf_count, 1u);
      load(*jit, path);
    }
    EXPECT_TRUE(jit->can_jit_instantiate("b$Int"));
    expect_made(jit->try_jit_instantiate("z$i64"), "z$i64");
  }
}

TEST_F(JitAllocations, ARequestSaysSoAndLeavesNothingInProgress) {
  const std::string path = add_module();
  for (std::int64_t number = 0, done = 0; done == 0; ++number) {
    ASSERT_LT(number, 20'000);
    JitOptions options{.update_mode = UpdateMode::kDeferred};
    options.symbol_sources.push_back([](std::string_view name) {
      return name == "outer" ? reinterpret_cast<const void*>(&outer) : nullptr;
    });
    const auto jit = make(std::move(options));
    load(*jit, path);
    JitResult result;
    {
      const FailingNew failing(number);
      result = jit->try_jit_instantiate("a$i64");
      done = failing.has_failed() ? 0 : 1;
    }
    if (!result.is_success()) {
      const std::string message = error_of(result);
      EXPECT_TRUE(message.contains("not enough memory")) << message;
    }
    expect_made(jit->try_jit_instantiate("a$i64"), "a$i64");
    EXPECT_TRUE(jit->try_jit_instantiate("b$Int").is_success());
    EXPECT_TRUE(jit->try_jit_instantiate("a$1").is_success());
    EXPECT_TRUE(jit->unload(path));
  }
}

}  // namespace
}  // namespace smf
