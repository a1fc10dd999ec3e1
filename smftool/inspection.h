// The parts of a module, as text or as JSON. Both go on behind an entry that cannot be read, show
// its error in its place, and return how many there were.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/format/templates.h"
#include "runtime/format/view.h"
#include "runtime/persisted/entry.h"
#include "smftool/context.h"
#include "smftool/json_output.h"

namespace smf::tool {

struct Inspection {
  bool header = false;
  bool sections = false;
  bool symbols = false;
  bool symbol_summary = false;
  bool relocations = false;
  bool templates = false;
  bool note = false;
};

Result<std::uint64_t> inspect_as_text(const Context& context, const std::string& path,
                                      const SmfView& view, const Inspection& shown);
Result<std::uint64_t> inspect_as_json(JsonOutput& json, const std::string& path,
                                      const SmfView& view, const Inspection& shown);

// What a reader should know before trusting the module, a line each.
std::vector<std::string> oddities(const SmfView& view);

// "P128, version 1.1".
std::string dialect_text(const Header& header);
// What the symbols are, counted: {"function", 3}, {"import", 1}. Symbols that cannot be read are
// counted as "broken".
std::vector<std::pair<std::string, std::uint64_t>> count_symbols(const SmfView& view);

// Decompressed, with default limits, where it is compressed. `storage` keeps what the span needs.
Result<Bytes> section_content(const SmfView& view, const Section& section, ByteVector& storage);

// A template of a module, and what its body says.
struct TemplateSummary {
  TemplateEntry entry{};
  std::string signature{};   // `max<T: ordered>(T, T) -> T`, `List<T>`; without a body the name
  std::uint64_t blocks = 0;  // of a function
  std::uint64_t instructions = 0;
  std::optional<Error> error{};  // of a body that cannot be read; its offset is the file's
};

// None where there is no section of them. Names point into the view, or into `storage`.
Result<std::vector<TemplateSummary>> summarise_templates(const SmfView& view, ByteVector& storage);

// A section `.smf.jit`, and the compiled instantiations that are kept in it.
struct PersistedSummary {
  struct Entry {
    std::uint64_t offset = 0;  // in the file
    std::uint64_t size = 0;
    std::optional<PersistedCode> code{};  // nullopt where it is damaged
  };
  std::string_view problem{};  // why it cannot be read; empty where it can
  std::uint64_t room = 0;      // bytes for entries, the used ones among them
  std::uint64_t used = 0;
  std::vector<Entry> entries{};
};

// nullopt where there is no such section. Views point into the view's bytes.
Result<std::optional<PersistedSummary>> summarise_persisted(const SmfView& view);
// Names of the functions, joined; "?" for one that cannot be read.
std::string function_names(const PersistedCode& code);

}  // namespace smf::tool
