// Where each section of each object goes: the sections of one name, in the order of the inputs,
// become one section of the module.
//
// place_sections() decides with sizes alone, so that limits hold before memory is taken; the
// contents are copied once, by fill_sections(), when everything has its place.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/format/elf/import.h"
#include "runtime/format/elf/object.h"

namespace smf::elf {

enum class Fate : std::uint8_t {
  kLeftOut,    // of no use to a loader: tables, debug information, notes
  kDiscarded,  // in a COMDAT group that an earlier object has as well
  kKept,
};

struct Placement {
  Fate fate = Fate::kLeftOut;
  std::uint32_t output = 0;  // index into Layout::outputs
  std::uint64_t offset = 0;  // within that output
};

struct Output {
  struct Piece {
    std::uint32_t object = 0;
    std::uint32_t section = 0;
    std::uint64_t offset = 0;
  };
  ImportedSection section;
  std::vector<Piece> pieces{};
};

struct Layout {
  // The first four are always there, in this order, used or not.
  enum : std::uint32_t { kCode, kRoData, kData, kBss };
  std::vector<Output> outputs{};
  std::vector<std::vector<Placement>> placements{};  // by object, by its section

  const Placement& of(std::uint32_t object, std::uint32_t section) const {
    return placements[object][section];
  }
};

// Adds a line to `left_out` for everything dropped that somebody could look for. Errors are those
// of import_objects().
Result<Layout> place_sections(std::span<const Object> objects, const ImportLimits& limits,
                              std::vector<std::string>& left_out);

// Appends `size` bytes to an output, after padding; the offset, or nothing where a limit is passed.
std::optional<std::uint64_t> extend(ImportedSection& output, std::uint64_t size,
                                    std::uint64_t alignment, const ImportLimits& limits);

// Copies the contents. Gaps in code are NOPs, as linkers have it: code that is put together from
// pieces may run through them. Other gaps are zero.
void fill_sections(std::span<const Object> objects, Layout& layout);

// Whether the output holds unwind tables, of which some rules are different.
bool is_unwind_table(const Output& output);

}  // namespace smf::elf
