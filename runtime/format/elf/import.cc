#include "runtime/format/elf/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "runtime/format/elf/archive.h"
#include "runtime/format/elf/layout.h"
#include "runtime/format/elf/object.h"
#include "runtime/format/elf/relocations.h"
#include "runtime/format/elf/symbols.h"

namespace smf::elf {
namespace {

Result<std::vector<Object>> read_all(std::span<const InputFile> files, const ImportLimits& limits) {
  std::vector<Object> objects;
  const auto add = [&](std::string path, std::uint64_t base, Bytes bytes) -> Result<void> {
    std::uint64_t names_left = limits.names_size;
    SMF_ASSIGN(auto object, read_object(std::move(path), base, bytes, limits, names_left));
    if (!objects.empty() && objects.front().machine != object.machine)
      return object.fail(
          0, fmt::format("expected code for the same processor as in {}", objects.front().path));
    objects.push_back(std::move(object));
    return {};
  };
  for (const auto& file : files) {
    if (!is_archive(file.bytes)) {
      SMF_TRY(add(file.path, 0, file.bytes));
      continue;
    }
    SMF_ASSIGN(auto members, read_archive(file));
    for (auto& member : members) SMF_TRY(add(std::move(member.path), member.offset, member.bytes));
  }
  if (objects.empty())
    return std::unexpected(Error{.code = ErrorCode::kInvalidInput,
                                 .message = "expected at least one object, found none",
                                 .path = files.empty() ? "" : files.front().path,
                                 .offset = files.empty() ? std::nullopt : std::optional(0)});
  return objects;
}

// Which outputs the result has, in its order: code, then the others, then what has no contents.
std::vector<std::uint32_t> choose_sections(const Layout& layout,
                                           std::span<const ImportedSymbol> symbols) {
  std::vector<bool> used(layout.outputs.size());
  for (std::size_t i = 0; i < used.size(); ++i) used[i] = layout.outputs[i].section.size != 0;
  for (const auto& symbol : symbols) {
    if (symbol.section) used[*symbol.section] = true;
  }
  std::vector<std::uint32_t> order(layout.outputs.size());
  std::iota(order.begin(), order.end(), 0);
  std::erase_if(order, [&](std::uint32_t i) { return !used[i]; });
  std::ranges::sort(order, {}, [&](std::uint32_t i) {
    const auto kind = layout.outputs[i].section.kind;
    const int rank = kind == SectionKind::kCode ? 0 : kind == SectionKind::kBss ? 2 : 1;
    return std::pair(rank, i);
  });
  return order;
}

Result<ImportedObject> import_all(std::span<const InputFile> files, const ImportLimits& limits) {
  ImportedObject result;
  SMF_ASSIGN(const auto objects, read_all(files, limits));
  SMF_ASSIGN(auto layout, place_sections(objects, limits, result.left_out));
  Symbols symbols(objects, layout);
  SMF_TRY(symbols.define(limits));
  fill_sections(objects, layout);
  SMF_ASSIGN(auto relocations, convert_relocations(objects, layout, symbols));

  result.machine = objects.front().machine;
  result.symbols = symbols.take();
  const auto order = choose_sections(layout, result.symbols);
  std::vector<std::uint32_t> number(layout.outputs.size());
  for (const auto output : order) {
    number[output] = static_cast<std::uint32_t>(result.sections.size());
    for (auto& relocation : relocations[output]) relocation.section = number[output];
    result.relocations.insert(result.relocations.end(), relocations[output].begin(),
                              relocations[output].end());
    result.sections.push_back(std::move(layout.outputs[output].section));
  }
  for (auto& symbol : result.symbols) {
    if (symbol.section) symbol.section = number[*symbol.section];
  }
  return result;
}

}  // namespace

Result<ImportedObject> import_objects(std::span<const InputFile> files,
                                      const ImportLimits& limits) {
  try {
    return import_all(files, limits);
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::kOutOfMemory, "not enough memory to import the objects");
  } catch (const std::length_error&) {
    return fail(ErrorCode::kOutOfMemory, "the objects are larger than the address space");
  }
}

}  // namespace smf::elf
