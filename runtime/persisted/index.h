// Where each function is among the entries of a section `.smf.jit`.
//
// Made in one pass over the entries' heads, which touches no code, and sorted: some 0.1 us a
// function, once. A look-up is a binary search: no choice of keys makes it slow, as it would a hash
// table whose keys come from a file. Entries that are appended later are merged in. Of several
// functions with one key the last counts: it was written because the others were no use.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/hash.h"
#include "runtime/persisted/entry.h"

namespace smf {

// A value. Look-ups may come from several threads at once. 32 bytes of memory a function.
class PersistedIndex {
 public:
  struct Place {
    std::uint64_t entry = 0;  // its offset in the section
    std::uint32_t function = 0;
  };

  // Takes in the entries from end() on; one look at a word where there are none. `section` is the
  // one of the calls before, or what is left of it `begin` bytes from its start, at most end().
  // Throws std::bad_alloc, and has taken in nothing then.
  void read_on(Bytes section, std::uint64_t begin = 0);

  std::optional<Place> find(const Hash128& key) const;

  std::size_t function_count() const { return slots_.size(); }
  std::uint64_t entry_count() const { return entry_count_; }
  // Behind the last entry, from the start of the section.
  std::uint64_t end() const { return end_; }
  // At end() stands what no writer leaves there.
  bool is_broken() const { return is_broken_; }

 private:
  struct Slot {
    Hash128 key;
    Place place;
  };
  static bool is_before(const Slot& a, const Slot& b);

  std::vector<Slot> slots_{};  // sorted by key
  std::uint64_t entry_count_ = 0;
  std::uint64_t end_ = kFirstEntry;
  bool is_broken_ = false;
};

}  // namespace smf
