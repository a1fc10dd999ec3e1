// What gdb_test.sh looks at: compiled code with names, alone and in a batch, that is freed again.
//   gdb_program dual|pages
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

#include "runtime/exec/gdb_registration.h"
#include "runtime/exec/tiny_code.h"

namespace {

using smf::Callee;

const void* first = nullptr;

}  // namespace

// Where the debugger stops.
extern "C" {
__attribute__((noinline)) void stop_here() { asm volatile(""); }
__attribute__((noinline)) void stop_when_freed() { asm volatile(""); }
__attribute__((noinline)) void call_first() {
  smf::call_calling(first, stop_here);
  asm volatile("");
}
}

int main(int argc, char** argv) {
  const auto code = smf::code_calling();
  if (code.empty()) {
    std::puts("no code that calls for this processor");
    return 0;
  }
  smf::CodeMemoryOptions options;
  if (argc == 2 && std::string_view(argv[1]) == "pages")
    options.protection = smf::CodeProtection::kPageProtection;
  options.listeners = {std::make_shared<smf::GdbRegistration>()};
  smf::CodeMemory memory = smf::CodeMemory::create(options).value();

  auto writer = memory.begin(code.size()).value();
  std::memcpy(writer.bytes().data(), code.data(), code.size());
  const void* const alone = writer.commit("compiled_alone").value();

  auto batch = memory.begin_batch(1000).value();
  const void* functions[2] = {};
  constexpr std::string_view kNames[2] = {"compiled_first$i64", "compiled_second$i64"};
  for (int i = 0; i != 2; ++i) {
    const auto function = batch.add(code.size(), kNames[i]).value();
    std::memcpy(function.bytes.data(), code.data(), code.size());
    functions[i] = function.address;
  }
  const void* const block = batch.commit().value();

  smf::call_calling(alone, stop_here);
  first = functions[0];
  smf::call_calling(functions[1], call_first);

  memory.free(alone).value();
  memory.free(block).value();
  stop_when_freed();
}
