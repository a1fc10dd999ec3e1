#include "smftool/sdn_value.h"

#include <fmt/format.h>

#include "runtime/sdn/document.h"
#include "runtime/sdn/writer.h"
#include "smftool/messages.h"

namespace smf::tool {

Result<sdn::OwnedValue> parse_value(const std::string& text) {
  if (text.empty()) return sdn::OwnedValue("");
  if (text.find_first_of("\r\n") != std::string::npos)
    return wrong_usage("a value is on one line; --text takes any text");
  constexpr std::string_view kKey = "v: ";
  auto document = sdn::parse_owned(std::string(kKey) + text);
  if (!document) {
    // Columns are counted from the value itself.
    const std::uint64_t column = document.error().offset.value_or(kKey.size()) - kKey.size() + 1;
    const std::string& message = document.error().message;
    return wrong_usage(fmt::format("'{}' is no value: column {}: {}", text, column,
                                   message.substr(message.find(": ") + 2)));
  }
  return sdn::OwnedValue(document->dict()[0].value);
}

Result<std::string> value_text(const sdn::OwnedValue& value) {
  if (const auto text = value.as_string()) return std::string(*text);
  if (value.as_dict() == nullptr) return sdn::write_inline(value);
  SMF_ASSIGN(std::string text, sdn::write(value));
  if (!text.empty()) text.pop_back();
  return text;
}

}  // namespace smf::tool
