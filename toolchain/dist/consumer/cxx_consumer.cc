// The same in C++, beside the cache, the view of a module and the bounds of a text.
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "runtime/cache/cache.h"
#include "runtime/exec/unwinding.h"
#include "runtime/jit/jit_instantiator.h"
#include "runtime/sdn/document.h"

namespace {

// What passes through compiled code has to find its way: so libsmf.a unwinds as well.
smf::Result<std::int64_t> call(const std::string& path) {
  smf::JitOptions options;
  smf::CodeMemoryOptions code;
  code.listeners = {std::make_shared<smf::Unwinding>()};
  SMF_ASSIGN(auto memory, smf::CodeMemory::create(code));
  options.code_memory = std::make_shared<smf::CodeMemory>(std::move(memory));
  SMF_ASSIGN(const auto jit, smf::JitInstantiator::create(options));
  SMF_TRY(jit->load_metadata(path));
  const smf::JitResult result = jit->try_jit_instantiate("max$i64");
  if (!result.is_success()) return smf::fail(smf::ErrorCode::kNotFound, result.describe());
  const auto max = reinterpret_cast<std::int64_t (*)(std::int64_t, std::int64_t)>(
      const_cast<void*>(result.address()));
  const std::int64_t value = max(40, 2);
  SMF_TRY(jit->flush());
  return value;
}

smf::Result<std::size_t> sections(const std::string& path) {
  SMF_ASSIGN(smf::SmfCache cache, smf::SmfCache::create({.max_files = 10}));
  SMF_ASSIGN(const smf::ModuleRef module, cache.get(path));
  return module.view().section_count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto value = call(argv[1]);
  const auto count = sections(argv[1]);
  const auto text = smf::sdn::parse("answer: 42\n");
  if (!value || !count || !text) {
    const smf::Error& error = !value ? value.error() : !count ? count.error() : text.error();
    std::fprintf(stderr, "%s\n", error.describe().c_str());
    return 1;
  }
  std::printf("C++: %ld, %s\n", static_cast<long>(*value), *count >= 3 ? "sections" : "too few");
  return 0;
}
