// Instantiates templates of the module that is its argument, and calls them.
#include <cstdint>
#include <cstdio>
#include <span>
#include <vector>

#include "runtime/jit/jit_instantiator.h"

namespace {

// A slice, as templates take it.
template <typename T>
struct Slice {
  const T* data;
  std::uint64_t count;
};

// Who asks for a symbol knows its type.
template <typename T>
smf::Result<T> total(smf::JitInstantiator& jit, const char* symbol, std::span<const T> prices,
                     std::span<const T> amounts) {
  const smf::JitResult made = jit.try_jit_instantiate(symbol);
  if (!made.is_success()) return smf::fail(smf::ErrorCode::kNotFound, made.describe());
  using Function = T (*)(Slice<T> prices, Slice<T> amounts);
  const auto function =
      reinterpret_cast<Function>(reinterpret_cast<std::uintptr_t>(made.address()));
  return function({prices.data(), prices.size()}, {amounts.data(), amounts.size()});
}

smf::Result<void> run(const char* path) {
  // The module is somebody else's, perhaps read-only: its note stays as it is.
  SMF_ASSIGN(const auto jit, smf::JitInstantiator::create({.update_mode = smf::UpdateMode::kOff}));
  SMF_TRY(jit->load_metadata(path));

  const std::vector<std::int64_t> prices = {250, 1999}, amounts = {4, 1};
  SMF_ASSIGN(const std::int64_t cents, total<std::int64_t>(*jit, "total$i64", prices, amounts));
  const std::vector<double> weights = {0.5, 2.25}, pieces = {4, 1};
  SMF_ASSIGN(const double kilograms, total<double>(*jit, "total$f64", weights, pieces));
  std::printf("%lld cents, %g kg\n", static_cast<long long>(cents), kilograms);

  // What the note does not list is not there, which is no error.
  std::printf("%s\n", jit->try_jit_instantiate("total$text").describe().c_str());
  std::printf("compiled: %llu\n", static_cast<unsigned long long>(jit->stats().compiled));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto done = run(argv[1]);
  if (!done) std::fprintf(stderr, "host: %s\n", done.error().describe().c_str());
  return done ? 0 : 1;
}
