// What two modules differ in: for people who ask what a change of a source or a tool did.
//
// Things are matched by name, and equal names by their order, so that a section that moved is no
// difference. Offsets, and the sections that the builder derives, are not looked at: they follow
// from the rest.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/format/view.h"

namespace smf {

enum class Part : std::uint8_t { kHeader, kSection, kSymbol, kNote, kTemplate };
std::string_view part_name(Part part);  // "header", "section", ...

enum class Change : std::uint8_t { kAdded, kRemoved, kChanged };
std::string_view change_name(Change change);  // "added", ...

struct Difference {
  Part part = Part::kHeader;
  Change change = Change::kChanged;
  std::string name;      // of the section, symbol or template; the table of a note's row
  std::string field{};   // what changed: "size", "content"; a note's row that came or went
  std::string before{};  // values as smftool prints them
  std::string after{};
};

// In the order header, sections, symbols, note, templates. Linear in both files, and needs memory
// for both symbol tables. Fails for an entry that cannot be read; the error's path is `before` or
// `after`.
Result<std::vector<Difference>> compare_modules(const SmfView& before, const SmfView& after);

}  // namespace smf
