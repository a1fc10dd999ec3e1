// What is read as text must be written, and read back as the same; nothing may crash.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/check.h"
#include "runtime/mir/binary.h"
#include "runtime/mir/json.h"
#include "runtime/mir/text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace mir = smf::mir;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto unit = mir::read_text(text);
  if (!unit) {
    SMF_CHECK(unit.error().offset <= size && !unit.error().message.empty());
    return 0;
  }
  const std::string written = mir::write_text(*unit);
  const std::string json = mir::write_json(*unit);
  const auto again = mir::read_text(written);
  SMF_CHECK(again && mir::write_text(*again) == written && mir::write_json(*again) == json);

  const auto from_bytes = mir::read_binary(mir::write_binary(*unit));
  SMF_CHECK(from_bytes && mir::write_text(*from_bytes) == written);

  // A text may nest deeper than JSON, which has up to three braces for a type.
  const auto from_json = mir::read_json(json);
  SMF_CHECK(from_json || from_json.error().code == smf::ErrorCode::kLimit);
  SMF_CHECK(!from_json || mir::write_text(*from_json) == written);
  return 0;
}
