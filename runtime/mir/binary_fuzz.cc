// Bytes that read as a unit must be written as they were; nothing may crash.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "runtime/base/check.h"
#include "runtime/mir/binary.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace mir = smf::mir;
  const smf::Bytes bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto unit = mir::read_binary(bytes);
  if (!unit) {
    SMF_CHECK(!unit.error().message.empty());
    SMF_CHECK(unit.error().offset && *unit.error().offset <= size);
    return 0;
  }
  const smf::ByteVector written = mir::write_binary(*unit);
  SMF_CHECK(std::equal(written.begin(), written.end(), bytes.begin(), bytes.end()));
  const auto again = mir::read_binary(written);
  SMF_CHECK(again && *again == *unit);
  return 0;
}
