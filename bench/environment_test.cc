#include "bench/environment.h"

#include <gtest/gtest.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace smf::bench {
namespace {

TEST(EnvironmentTest, TellsWhatTheSystemTells) {
  const Environment found = examine_environment("some_fs");
  utsname name{};
  ASSERT_EQ(::uname(&name), 0);
  EXPECT_EQ(found.arch, name.machine);
  EXPECT_NE(found.kernel.find(name.release), std::string::npos) << found.kernel;
  EXPECT_EQ(found.processors, static_cast<unsigned>(::sysconf(_SC_NPROCESSORS_ONLN)));
  EXPECT_EQ(found.page_size, static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
  EXPECT_FALSE(found.processor.empty());
  EXPECT_GE(found.memory, available_memory());
  EXPECT_GT(available_memory(), 0u);
  EXPECT_EQ(found.file_system, "some_fs");
  EXPECT_FALSE(found.governor.empty());
  EXPECT_TRUE(found.turbo == "on" || found.turbo == "off" || found.turbo == "unknown");
}

TEST(EnvironmentTest, TellsHowItWasBuilt) {
  const Environment found = examine_environment({});
#if defined(__clang__)
  EXPECT_TRUE(found.compiler.starts_with("clang ")) << found.compiler;
#else
  EXPECT_TRUE(found.compiler.starts_with("gcc ")) << found.compiler;
#endif
  EXPECT_NE(found.flags.find("-std="), std::string::npos) << found.flags;
  EXPECT_EQ(found.flags.find("-W"), std::string::npos) << found.flags;
#if defined(NDEBUG)
  EXPECT_NE(found.flags.find("-DNDEBUG"), std::string::npos) << found.flags;
#endif
#if defined(__OPTIMIZE__)
  EXPECT_NE(found.flags.find("-O"), std::string::npos) << found.flags;
#endif
#if defined(__SANITIZE_ADDRESS__)
  EXPECT_NE(found.flags.find("-fsanitize=address"), std::string::npos) << found.flags;
#endif
  EXPECT_TRUE(found.build == "opt" || found.build == "fastbuild" || found.build == "dbg");
}

TEST(EnvironmentTest, DisturbanceIsPartOfTheTime) {
  const Disturbance disturbance;
  Environment environment;
  environment.load_before = environment.load_after = environment.steal_percent = -1;
  disturbance.tell(environment);
  EXPECT_GE(environment.load_before, 0);
  EXPECT_GE(environment.load_after, 0);
  EXPECT_GE(environment.steal_percent, 0);
  EXPECT_LE(environment.steal_percent, 100);
}

TEST(EnvironmentTest, JsonHasEachField) {
  Environment made;
  made.libraries["lib"] = "1";
  made.aslr = 2;
  const nlohmann::json json = to_json(made);
  for (const char* const field :
       {"processor", "processors", "memory", "page_size", "kernel", "arch", "governor", "turbo",
        "huge_pages", "file_system", "libc", "compiler", "flags", "build", "load_before",
        "load_after", "steal_percent"})
    EXPECT_TRUE(json.contains(field)) << field;
  EXPECT_EQ(json["libraries"]["lib"], "1");
  EXPECT_EQ(json["aslr"], 2);
}

}  // namespace
}  // namespace smf::bench
