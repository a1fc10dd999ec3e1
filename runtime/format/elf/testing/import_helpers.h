// Shorter words for what the importer's tests do over and over.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/format/elf/import.h"

namespace smf::elf::testing {

// Imports files that are called "0.o", "1.o" and so on.
Result<ImportedObject> import_all(const std::vector<ByteVector>& files,
                                  const ImportLimits& limits = {});

// The first of the name; null where there is none.
const ImportedSection* section_named(const ImportedObject& object, std::string_view name);
const ImportedSymbol* symbol_named(const ImportedObject& object, std::string_view name);

// "NAME+VALUE" of a symbol's section and value, "import" for those without.
std::string place_of(const ImportedObject& object, std::string_view symbol);

// An archive as GNU ar writes it, with an index and names longer than 15 bytes in a table.
struct MemberSpec {
  std::string name;
  ByteVector bytes;
};
ByteVector archive_of(const std::vector<MemberSpec>& members);

// The header of one member; `name` fills its field as it is.
std::string archive_header(std::string_view name, std::size_t size);

}  // namespace smf::elf::testing
