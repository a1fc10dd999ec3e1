// For tests: keeping code that is interrupted, and what must hold of the file afterwards.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/persisted/persisting.h"

namespace smf {

inline constexpr std::size_t kAccidentRows = 20;
inline constexpr std::array<std::size_t, 3> kSome = {2, 5, 17};

// Code for three rows, and then the rows: as an instantiator does it.
inline Result<void> keep_some(const std::string& path, os::SystemCalls& calls) {
  SMF_ASSIGN(PersistedCodeWriter writer, PersistedCodeWriter::open(path, calls));
  const SamplePiece a = sample_code(kSome[0]), b = sample_code(kSome[1]), c = sample_code(kSome[2]);
  const std::vector<PersistedPiece> pieces = {a.piece(), b.piece(), c.piece()};
  SMF_ASSIGN(const PersistUpdate kept, writer.append(pieces));
  static_cast<void>(kept);
  SMF_ASSIGN(NoteUpdater updater, NoteUpdater::open(path, calls));
  std::vector<NotePromotion> rows;
  for (const std::size_t i : kSome) rows.push_back(promotion_of(i));
  SMF_ASSIGN(const NoteUpdate update, updater.promote(rows));
  static_cast<void>(update);
  return {};
}

// The module is whole, all code in it is right, and what the note promises is there. Gives the rows
// with code.
inline std::set<std::size_t> expect_whole(std::string_view bytes) {
  const NoteNames names = names_of(bytes);
  expect_nothing_lost(names, kAccidentRows);
  std::set<std::size_t> kept = kept_in(bytes, kAccidentRows);
  for (std::size_t i = 0; i < kAccidentRows; ++i)
    if (names.made.contains(possible_name(i))) {
      EXPECT_TRUE(kept.contains(i)) << i;
    }
  return kept;
}

// The next writer keeps code for List$11.
inline Result<void> keep_another(const std::string& path,
                                 os::SystemCalls& calls = os::SystemCalls::kernel()) {
  SMF_ASSIGN(PersistedCodeWriter writer, PersistedCodeWriter::open(path, calls));
  SMF_ASSIGN(const PersistUpdate kept, persist(writer, 11));
  static_cast<void>(kept);
  return {};
}

// And loses nothing of what was there.
inline void expect_mended(std::string_view before, std::string_view after) {
  std::set<std::size_t> expected = kept_in(before, kAccidentRows);
  expected.insert(11);
  EXPECT_EQ(expect_whole(after), expected);
}

}  // namespace smf
