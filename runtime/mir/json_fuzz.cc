// What reads as MIR must be written, and read back as the same, as JSON and as bytes; nothing may
// crash.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/check.h"
#include "runtime/mir/binary.h"
#include "runtime/mir/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace mir = smf::mir;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto unit = mir::read_json(text, {{"f", {"T"}}});
  if (!unit) {
    SMF_CHECK(!unit.error().message.empty());
    SMF_CHECK(!unit.error().offset || *unit.error().offset <= size);
    return 0;
  }
  const std::string written = mir::write_json(*unit);
  const auto again = mir::read_json(written);
  SMF_CHECK(again && mir::write_json(*again) == written);

  const smf::ByteVector bytes = mir::write_binary(*unit);
  const auto read = mir::read_binary(bytes);
  SMF_CHECK(read && mir::write_binary(*read) == bytes);
  SMF_CHECK(mir::write_json(*read) == written);
  return 0;
}
