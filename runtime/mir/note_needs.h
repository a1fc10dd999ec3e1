// What the instantiations of a note need of each other, read out of the templates' bodies: rows for
// its tables `dependencies` and `possible`.
//
//   * A function needs what it calls, if that has arguments: kind `method_dep`. What only calls
//     itself in a circle is made in one go, so there is no row from one function of a circle to
//     another: as a cycle of `dependencies` it would be an error (docs/note.md, Cycles).
//   * A struct or enum needs those with arguments that it holds by value: `field_type`, and
//     `inner_type` where it is an Option, a Result or a Nullable.
// What is needed and in neither table, and whose template is here, is possible; and so is what that
// needs.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/mir/program.h"
#include "runtime/note/note.h"

namespace smf::mir {

struct NeededDependency {
  std::string from_inst{};
  std::string to_inst{};
  std::string dep_kind{};
  friend bool operator==(const NeededDependency&, const NeededDependency&) = default;
};

struct NeededInstantiation {
  std::string template_name{};
  std::string type_args{};
  std::string mangled_name{};
  std::string required_by{};
  friend bool operator==(const NeededInstantiation&, const NeededInstantiation&) = default;
};

struct NoteNeeds {
  static constexpr std::size_t kMaxInstantiations = 10'000;

  std::vector<NeededDependency> dependencies{};  // that the note does not have
  std::vector<NeededInstantiation> possible{};
  // A row that its template refuses, such as `sum` of text: a message each, with the mangled name.
  std::vector<std::string> refused{};

  bool is_empty() const { return dependencies.empty() && possible.empty(); }
  // The note with these rows (write_note).
  Result<std::string> add_to(const Note& note) const;
};

// `program` has the templates. kLimit: they need more than kMaxInstantiations of each other, as one
// does that calls itself for ever larger types. kOutOfMemory.
Result<NoteNeeds> find_needs(const Note& note, Program& program);

}  // namespace smf::mir
