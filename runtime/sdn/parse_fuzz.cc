// What parses must be written, and read back as an equal value; nothing may crash.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "runtime/base/check.h"
#include "runtime/sdn/document.h"
#include "runtime/sdn/writer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace sdn = smf::sdn;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  sdn::Diagnostic diagnostic;
  const auto document = sdn::parse(text, {}, &diagnostic);
  if (!document) {
    SMF_CHECK(diagnostic.offset <= size);
    SMF_CHECK(!diagnostic.message.empty() && !diagnostic.render().empty());
    return 0;
  }
  const auto written = sdn::write(document->root());
  SMF_CHECK(written);
  const auto again = sdn::parse(*written);
  SMF_CHECK(again && again->root() == document->root());

  const sdn::OwnedValue owned(document->root());
  const auto owned_written = sdn::write(owned);
  SMF_CHECK(owned_written && *owned_written == *written);

  // The same on one line, inside brackets.
  const auto flat = sdn::write_inline(document->root(), {.cells = sdn::Quoting::kEveryString});
  SMF_CHECK(flat || flat.error().code == smf::ErrorCode::kLimit);
  if (!flat) return 0;
  const auto nested = sdn::parse_owned("k: [" + *flat + "]");
  if (!nested) {
    SMF_CHECK(nested.error().code == smf::ErrorCode::kLimit);
    return 0;
  }
  const auto inner = nested->get("k.0");
  SMF_CHECK(inner && *inner == document->root());
  return 0;
}
