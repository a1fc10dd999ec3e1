// The steps of verify_note(). Internal to verify_*.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/format/verify.h"
#include "runtime/note/columns.h"
#include "runtime/note/note.h"

namespace smf {

class NoteVerifier {
 public:
  // `begin` is where the note's text begins in the file.
  NoteVerifier(const Note& note, std::uint64_t begin, std::size_t max_findings,
               VerifyReport& report)
      : note_(note), begin_(begin), max_findings_(max_findings), report_(report) {}

  void check_tables();  // columns, and each cell on its own
  Result<void> check_names();
  void check_cycles();

 private:
  void report(Severity severity, std::uint64_t offset, std::string_view message);
  // Whether the rows can be understood.
  bool check_columns(const NoteTableForm& form, const sdn::Value& value, const sdn::Table& table);
  void check_ids(const NoteTableForm& form, const sdn::Table& table);
  void check_row(const NoteTableForm& form, const sdn::Row& row, const NoteColumns& columns);
  template <typename Row>
  void check_repetition(const Row& row, Note::Place place);

  const Note& note_;
  std::uint64_t begin_;
  std::size_t max_findings_;
  VerifyReport& report_;
};

}  // namespace smf
