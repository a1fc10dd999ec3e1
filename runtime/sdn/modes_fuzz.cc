// Lenient mode reads whatever strict mode reads, as the same value and without a warning; what it
// reads beyond that can be written as strict SDN. Upstream mode reads anything without a crash.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "runtime/base/check.h"
#include "runtime/sdn/document.h"
#include "runtime/sdn/writer.h"

namespace {

namespace sdn = smf::sdn;

void walk(const sdn::Value& value, std::size_t text_size) {
  const sdn::Span span = value.span();
  SMF_CHECK(span.offset <= text_size && span.length <= text_size - span.offset);
  if (const auto dict = value.as_dict()) {
    for (const sdn::DictEntry entry : *dict) walk(entry.value, text_size);
  } else if (const auto array = value.as_array()) {
    for (const sdn::Value element : *array) walk(element, text_size);
  } else if (const auto table = value.as_table()) {
    for (std::size_t row = 0; row < table->row_count(); ++row)
      for (const sdn::Value cell : table->row(row)) walk(cell, text_size);
  }
}

void check_warnings(const sdn::Document& document) {
  SMF_CHECK(document.warnings().size() <= document.warning_count());
  std::uint64_t before = 0;
  for (const sdn::Diagnostic& warning : document.warnings()) {
    SMF_CHECK(warning.offset >= before && warning.offset <= document.text().size());
    SMF_CHECK(warning.position == document.position(warning.offset));
    SMF_CHECK(!warning.message.empty() && !warning.render().empty());
    before = warning.offset;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto strict = sdn::parse(text);
  sdn::Diagnostic diagnostic;
  const auto lenient = sdn::parse(text, {.mode = sdn::Mode::kLenient}, &diagnostic);
  if (strict) {
    SMF_CHECK(lenient && lenient->root() == strict->root() && lenient->is_strict());
  } else if (lenient) {
    SMF_CHECK(lenient->warning_count() > 0 && !lenient->is_strict());
    const auto written = sdn::write(lenient->root());
    SMF_CHECK(written);
    const auto again = sdn::parse(*written);
    SMF_CHECK(again && again->root() == lenient->root());
  } else {
    SMF_CHECK(diagnostic.offset <= size && !diagnostic.render().empty());
  }
  if (lenient) {
    check_warnings(*lenient);
    walk(lenient->root(), size);
  }
  const auto upstream = sdn::parse(text, {.mode = sdn::Mode::kUpstream}, &diagnostic);
  if (upstream) {
    check_warnings(*upstream);
    walk(upstream->root(), size);
  } else {
    SMF_CHECK(diagnostic.offset <= size && !diagnostic.render().empty());
  }
  return 0;
}
