// New text in the style of a document: its line ends, its indentation.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/sdn/owned.h"
#include "runtime/sdn/spell.h"
#include "runtime/sdn/value.h"

namespace smf::sdn::internal {

class EditStyle {
 public:
  explicit EditStyle(std::string_view text);

  std::string_view line_end() const { return line_end_; }
  // What a block is indented by: as the first one of the document, else 4 spaces.
  std::string_view unit() const { return unit_; }

  // `key: value` as an entry of a block at `indentation`, its last line end included.
  Result<std::string> entry(std::string_view key, const OwnedValue& value,
                            std::string_view indentation) const;
  // What follows the key in entry(), without the last line end: ": 1", " |a, b|\n    1, 2".
  Result<std::string> after_key(std::string_view key, const OwnedValue& value,
                                std::string_view indentation) const;
  // A scalar or a bracketed container as it may stand at `place`; kInvalidArgument for a container
  // as a cell. `in_quotes` keeps a string in them.
  static Result<std::string> one_line(const OwnedValue& value, Place place, bool in_quotes);
  // A row of a table, its line end included.
  Result<std::string> row(const OwnedValue& cells, bool quote_strings,
                          std::string_view indentation) const;

 private:
  std::string_view line_end_ = "\n";
  std::string unit_ = "    ";
};

}  // namespace smf::sdn::internal
