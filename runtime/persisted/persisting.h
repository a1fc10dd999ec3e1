// For tests: code to keep, modules to keep it in, and what must hold of them at every moment.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/format/assembly.h"
#include "runtime/note/updating.h"
#include "runtime/persisted/entry.h"
#include "runtime/persisted/reader.h"
#include "runtime/persisted/verify_persisted.h"
#include "runtime/persisted/writer.h"

namespace smf {

// A piece, and all that it points to.
class SamplePiece {
 public:
  SamplePiece() = default;
  // As a compiler might make it: `count` functions in `code_size` bytes, and some relocations.
  SamplePiece(std::uint64_t seed, std::size_t count, std::size_t code_size) {
    std::mt19937_64 random(seed);
    for (std::size_t i = 0; i < code_size; ++i) code_.push_back(static_cast<std::byte>(random()));
    for (std::size_t i = 0; i < count; ++i)
      add_function(possible_name(seed + i), {random(), random()});
    for (std::size_t i = 0; i < std::min<std::size_t>(3, code_size / 8); ++i)
      add_relocation(i % 2 == 0 ? "memcpy" : "other", static_cast<std::uint8_t>(i));
  }
  SamplePiece(const SamplePiece&) = delete;
  SamplePiece& operator=(const SamplePiece&) = delete;

  void add_function(std::string name, Hash128 key) {
    names_.push_back(std::move(name));
    const auto offset = static_cast<std::uint32_t>(functions_.size() * 16);
    functions_.push_back({.key = key,
                          .offset = offset,
                          .size = static_cast<std::uint32_t>(code_.size()) - offset,
                          .name = names_.back()});
  }
  void add_relocation(std::string name, std::uint8_t kind) {
    names_.push_back(std::move(name));
    relocations_.push_back({.offset = static_cast<std::uint32_t>(relocations_.size() * 8),
                            .kind = kind,
                            .name = names_.back()});
  }
  const Hash128& key(std::size_t i = 0) const { return functions_[i].key; }
  const std::vector<PersistedFunction>& functions() const { return functions_; }
  PersistedPiece piece() const {
    return {.code = code_, .functions = functions_, .relocations = relocations_};
  }
  ByteVector entry() const {
    auto bytes = write_entry(piece());
    EXPECT_TRUE(bytes) << bytes.error().describe();
    return bytes.value_or(ByteVector());
  }

 private:
  ByteVector code_{};
  std::deque<std::string> names_{};
  std::vector<PersistedFunction> functions_{};
  std::vector<PersistedRelocation> relocations_{};
};

inline bool is_same(const PersistedCode& code, const PersistedPiece& piece) {
  if (as_text(code.code()) != as_text(piece.code)) return false;
  if (code.function_count() != piece.functions.size()) return false;
  if (code.relocation_count() != piece.relocations.size()) return false;
  for (std::uint32_t i = 0; i < code.function_count(); ++i)
    if (code.function(i) != piece.functions[i]) return false;
  for (std::uint32_t i = 0; i < code.relocation_count(); ++i)
    if (code.relocation(i) != piece.relocations[i]) return false;
  return true;
}

// The code for List$i: 80 bytes, always the same.
inline SamplePiece sample_code(std::size_t i) { return {i, 1, 80}; }

// A section of these entries, committed, and `room` bytes of zeros.
inline ByteVector section_of(std::span<const ByteVector> entries, std::size_t room) {
  ByteVector section;
  append(section, layout::kEmptyJitRoom);
  for (const ByteVector& entry : entries) {
    append_bytes(section, entry);
    store(std::span(section), section.size() - entry.size(), kCommitted);
  }
  section.resize(section.size() + room);
  return section;
}

// A module whose note has `rows` possible rows, List$0 ..., with this section.
inline std::string module_with_room(std::size_t rows, const ByteVector& section) {
  ModuleSpec spec = sample_module(sample_note(rows));
  spec.sections.push_back(jit_room_section(section, section.size()));
  return build_bytes(spec).value_or("");
}

inline std::string module_with_room(std::size_t rows, std::size_t room) {
  return module_with_room(rows, section_of({}, room));
}

// Of a module: what of List$0 ... has code, which has to be the right one.
inline std::set<std::size_t> kept_in(std::string_view file, std::size_t rows) {
  std::set<std::size_t> kept;
  const auto view = SmfView::open(as_bytes(file));
  EXPECT_TRUE(view) << view.error().describe();
  if (!view) return kept;
  VerifyReport report;
  EXPECT_TRUE(verify_persisted(*view, {}, report));
  EXPECT_TRUE(report.ok()) << report.findings[0].message;
  auto reader = PersistedCodeReader::open(*view);
  EXPECT_TRUE(reader && reader->refresh());
  if (!reader) return kept;
  for (std::size_t i = 0; i < rows; ++i) {
    const SamplePiece expected = sample_code(i);
    const auto code = reader->find(expected.key());
    if (!code) continue;
    EXPECT_TRUE(is_same(*code, expected.piece())) << i;
    kept.insert(i);
  }
  return kept;
}

inline std::uint64_t room_in(std::string_view file) {
  const auto view = SmfView::open(as_bytes(file));
  EXPECT_TRUE(view);
  const auto section = view->find_section(kJitRoomSection);
  return section && *section ? (*section)->size : 0;
}

inline Result<PersistUpdate> persist(PersistedCodeWriter& writer, std::size_t i) {
  return writer.append(sample_code(i).piece());
}

inline NotePromotion promotion_of(std::size_t i) {
  return {.mangled_name = possible_name(i),
          .to_obj = std::string(kJitRoomSection),
          .from_file = "f",
          .from_loc = "l"};
}

}  // namespace smf
