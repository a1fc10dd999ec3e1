// The rows of a note's tables.
//
// Strings are views: into the note's text, or, where a cell has escapes, into the Note that gave
// the row; they live as long as both. A cell that is not text (an id that somebody wrote as `x7`, a
// bare number where text is expected) is given as it is spelled. A column that the table does not
// have is empty, or nullopt.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace smf {

// A template instantiation that exists.
struct InstantiationRow {
  std::optional<std::int64_t> id{};
  std::string_view template_name{};
  std::string_view type_args{};  // joined with `,`
  std::string_view mangled_name{};
  std::string_view from_file{};
  std::string_view from_loc{};
  std::string_view to_obj{};
  std::string_view status{};  // kept as text: tools have written six of them
  std::uint64_t offset = 0;   // of the first cell, in bytes from the start of the text
  friend bool operator==(const InstantiationRow&, const InstantiationRow&) = default;
};

// One that can be made when it is asked for.
struct PossibleRow {
  std::optional<std::int64_t> id{};
  std::string_view template_name{};
  std::string_view type_args{};
  std::string_view mangled_name{};
  std::string_view required_by{};
  bool can_defer = false;
  std::uint64_t offset = 0;
  friend bool operator==(const PossibleRow&, const PossibleRow&) = default;
};

struct TypeInferenceRow {
  std::optional<std::int64_t> id{};
  std::string_view inferred_type{};
  std::string_view expr{};
  std::string_view context{};
  std::string_view from_file{};
  std::string_view from_loc{};
  std::uint64_t offset = 0;
};

// An instantiation that needs another: by their mangled names.
struct DependencyRow {
  std::string_view from_inst{};
  std::string_view to_inst{};
  std::string_view dep_kind{};  // type_param, field_type, inner_type, method_dep
  std::uint64_t offset = 0;
};

// A cycle that the compiler found, as a warning or as an error.
struct CircularRow {
  std::optional<std::int64_t> id{};
  std::string_view cycle_path{};  // names joined with `->`, closed
  std::string_view code{};        // of a warning its severity, of an error its code
  std::uint64_t offset = 0;
};

}  // namespace smf
