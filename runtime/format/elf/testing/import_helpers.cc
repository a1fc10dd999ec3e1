#include "runtime/format/elf/testing/import_helpers.h"

#include <fmt/format.h>

#include <algorithm>

namespace smf::elf::testing {

Result<ImportedObject> import_all(const std::vector<ByteVector>& files,
                                  const ImportLimits& limits) {
  std::vector<InputFile> inputs;
  inputs.reserve(files.size());
  for (std::size_t i = 0; i < files.size(); ++i)
    inputs.push_back({fmt::format("{}.o", i), files[i]});
  return import_objects(inputs, limits);
}

const ImportedSection* section_named(const ImportedObject& object, std::string_view name) {
  const auto found = std::ranges::find(object.sections, name, &ImportedSection::name);
  return found == object.sections.end() ? nullptr : &*found;
}

const ImportedSymbol* symbol_named(const ImportedObject& object, std::string_view name) {
  const auto found = std::ranges::find(object.symbols, name, &ImportedSymbol::name);
  return found == object.symbols.end() ? nullptr : &*found;
}

std::string place_of(const ImportedObject& object, std::string_view symbol) {
  const auto* found = symbol_named(object, symbol);
  if (found == nullptr) return "nowhere";
  if (!found->section) return "import";
  return fmt::format("{}+{}", object.sections[*found->section].name, found->value);
}

std::string archive_header(std::string_view name, std::size_t size) {
  return fmt::format("{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", name, 0, 0, 0, 644, size);
}

ByteVector archive_of(const std::vector<MemberSpec>& members) {
  std::string names, text = "!<arch>\n";
  const auto add = [&](std::string_view name, std::string_view bytes) {
    text += archive_header(name, bytes.size());
    text += bytes;
    if (bytes.size() % 2 != 0) text += '\n';
  };
  add("/", "index");
  std::vector<std::string> fields;
  for (const auto& member : members) {
    fields.push_back(member.name.size() < 16 ? member.name + "/"
                                             : fmt::format("/{}", names.size()));
    if (member.name.size() >= 16) names += member.name + "/\n";
  }
  if (!names.empty()) add("//", names);
  for (std::size_t i = 0; i < members.size(); ++i) add(fields[i], as_text(members[i].bytes));
  const auto bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

}  // namespace smf::elf::testing
