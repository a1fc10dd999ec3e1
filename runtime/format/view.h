// SmfView: a module, read where it lies.
//
// A view over a span of bytes (a mapping, a buffer). It copies the header and nothing else:
// sections and symbols are read from the tables when asked for, checked each time, and returned by
// value, so opening does not get slower with the number of symbols, and bytes that another process
// changes under a mapping can make an access fail but never lead it out of bounds.
//
//   open    O(sections): header, tables and payloads inside the file, payloads of loadable sections
//           apart, code not writable, the entry point inside code
//   access  each entry as it is read: extents, name, name hash, numbers in range
//   verify  everything (verify.h)
//
// Who owns what: the span must outlive the view and everything obtained from it. A view is a value,
// cheap to copy (about 200 bytes), immutable, and may be used from several threads at once. Opening
// allocates nothing for a module whose sections stand in file order (one temporary array
// otherwise); no accessor allocates unless it fails.
//
// Rejected: parsing into vectors at open (linear in symbols, and 5 MB of copies for 100 000 of
// them); trusting what was checked at open later on (a mapping can change).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/format/header.h"
#include "runtime/format/symbol_index.h"
#include "runtime/format/tables.h"

namespace smf {

class SmfView {
 public:
  // Errors carry the offset of the bytes that are wrong.
  static Result<SmfView> open(Bytes file);

  // What open() has found out, for whoever keeps many views over bytes that nobody changes: 16
  // bytes instead of 200, and reopen() makes the same view of them in some 40 ns.
  struct Opened {
    std::uint64_t code_size = 0;
    std::uint32_t index_section = 0;  // section_count() where there is no index
    Dialect dialect = Dialect::kP128;
    bool is_at_start = false;
  };
  Opened opened() const;
  // `file` is what the view was opened over, unchanged.
  static SmfView reopen(Bytes file, const Opened& opened);

  const Header& header() const { return header_; }
  Bytes file() const { return file_; }
  std::uint32_t section_count() const { return header_.section_count; }
  std::uint32_t symbol_count() const { return header_.symbol_count; }
  // Bytes of all code sections laid end to end, as they are in memory.
  std::uint64_t code_size() const { return code_size_; }

  // `index` is below section_count().
  Result<Section> section(std::uint32_t index) const { return load_section(file_, header_, index); }
  // The first section of this name; nullopt where there is none. O(sections).
  Result<std::optional<Section>> find_section(std::string_view name) const;
  // The bytes of a section of this view as they are stored, compressed ones compressed.
  Bytes stored(const Section& section) const;

  // `index` is below symbol_count(). Symbols that say where they lie are held against that section.
  Result<Symbol> symbol(std::uint32_t index) const;
  // The symbol a reference to `name` means: of several, global before weak before local before
  // undefined, then the first. O(1) with a symbol index (a section `.smf.sym`), else a search
  // through the name hashes.
  Result<std::optional<Symbol>> find_symbol(std::string_view name) const;
  bool has_symbol_index() const { return index_.has_value(); }

  // How many relocations a section of type Reloc holds.
  static std::uint64_t relocation_count(const Section& section);
  // `index` is below relocation_count(section). O(sections): where all are read, use the form
  // below.
  Result<Relocation> relocation(const Section& section, std::uint64_t index) const;
  // `target_size` is relocation_target_size(section),
  // which is looked up once for all of them.
  Result<Relocation> relocation(const Section& section, std::uint64_t index,
                                std::uint64_t target_size) const {
    return load_relocation(file_, header_, section, index, target_size);
  }
  // Bytes that the relocations of this section may change: a section `.rela` is about all code laid
  // end to end, `.rela.NAME` about section NAME. O(sections). Refused for a compressed section.
  Result<std::uint64_t> relocation_target_size(const Section& section) const;

  // The note's text, up to and including its terminator line `# END_NOTE`, or to the end of the
  // section where it has none; nullopt where the module has no note. A note whose recorded size is
  // 0 runs to its terminator, wherever that is.
  Result<std::optional<std::string_view>> note() const;

 private:
  SmfView(Bytes file, const Header& header) : file_(file), header_(header) {}
  void open_index(const Section& section);
  Result<void> check_sections();
  Result<void> check_overlaps() const;
  Result<void> check_entry_point() const;
  Result<void> check_symbol_value(const Symbol& symbol) const;

  Bytes file_;
  Header header_;
  std::uint64_t code_size_ = 0;
  std::uint32_t index_section_ = 0;
  std::optional<SymbolIndex> index_;
};

// The longest note that is looked for where the section table records no size, in bytes.
inline constexpr std::uint64_t kMaxNoteBytes = 64u << 20;

// Which of two symbols of one name a reference means: lower is better.
int symbol_rank(const Symbol& symbol);

// The text of a note that begins at the start of `bytes`: up to and including the line `#
// END_NOTE`, which the start of the text or a newline precedes; nullopt where there is no such
// line.
std::optional<std::string_view> terminated_note(Bytes bytes);

}  // namespace smf
