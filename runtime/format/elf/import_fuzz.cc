// Any bytes, as one file and as two: no crash, and what is imported keeps the promises of import.h.
#include <cstddef>
#include <cstdint>
#include <span>

#include "runtime/base/check.h"
#include "runtime/format/elf/import.h"
#include "runtime/format/elf/testing/check_promises.h"

namespace {

void import(std::span<const smf::elf::InputFile> files) {
  constexpr smf::elf::ImportLimits kLimits{.section_size = 1 << 20, .alignment = 4096};
  const auto object = smf::elf::import_objects(files, kLimits);
  if (object) SMF_CHECK(smf::elf::testing::broken_promise(*object).empty());
  if (!object) SMF_CHECK(!object.error().message.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const smf::elf::InputFile files[] = {{"a", bytes}, {"b", bytes}};
  import({files, 1});
  import(files);  // every global name is defined twice, every group a second time
  return 0;
}
