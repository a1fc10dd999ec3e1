// Calls templates of the module that is its argument, and tells what had to be compiled for that.
#include <cstdint>
#include <cstdio>

#include "runtime/jit/jit_instantiator.h"

namespace {

smf::Result<void> run(const char* path) {
  SMF_ASSIGN(const auto jit, smf::JitInstantiator::create({.update_mode = smf::UpdateMode::kOff}));
  SMF_TRY(jit->load_metadata(path));
  for (const char* const symbol : {"total$i64", "dearest$i64"}) {
    const smf::JitResult made = jit->try_jit_instantiate(symbol);
    if (!made.is_success()) return smf::fail(smf::ErrorCode::kNotFound, made.describe());
    if (symbol[0] != 'd') continue;
    using Function = std::int64_t (*)(std::int64_t, std::int64_t);
    const auto dearest =
        reinterpret_cast<Function>(reinterpret_cast<std::uintptr_t>(made.address()));
    std::printf("dearest$i64 is %lld\n", static_cast<long long>(dearest(250, 1999)));
  }
  const smf::JitStats stats = jit->stats();
  std::printf("found in the module: %llu, compiled: %llu\n",
              static_cast<unsigned long long>(stats.persisted_hits),
              static_cast<unsigned long long>(stats.compiled));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto done = run(argv[1]);
  if (!done) std::fprintf(stderr, "host: %s\n", done.error().describe().c_str());
  return done ? 0 : 1;
}
