#include "runtime/format/elf/layout.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "runtime/format/elf/output_name.h"

namespace smf::elf {
namespace {

// Section flags and types newer than some elf.h, or of one processor.
constexpr std::uint64_t kFlagExclude = 0x80000000;  // SHF_EXCLUDE, an int in elf.h
constexpr std::uint32_t kTypeX86Unwind = 0x70000001;

bool is_table(std::uint32_t type) {
  return type == SHT_NULL || type == SHT_SYMTAB || type == SHT_STRTAB || type == SHT_RELA ||
         type == SHT_REL || type == SHT_GROUP || type == SHT_SYMTAB_SHNDX;
}

bool is_loadable(Machine machine, std::uint32_t type) {
  return type == SHT_PROGBITS || type == SHT_NOBITS || type == SHT_INIT_ARRAY ||
         type == SHT_FINI_ARRAY || type == SHT_PREINIT_ARRAY ||
         (machine == Machine::kX86_64 && type == kTypeX86Unwind);
}

class Placer {
 public:
  Placer(std::span<const Object> objects, const ImportLimits& limits,
         std::vector<std::string>& left_out)
      : objects_(objects), limits_(limits), left_out_(left_out) {
    find_output("code", SectionKind::kCode);
    find_output("rodata", SectionKind::kRoData);
    find_output("data", SectionKind::kData);
    find_output("bss", SectionKind::kBss);
  }

  Result<Layout> run() {
    for (std::uint32_t i = 0; i < objects_.size(); ++i) {
      choose_groups(i);
      auto& placements = layout_.placements.emplace_back(objects_[i].sections.size());
      for (std::uint32_t j = 1; j < placements.size(); ++j) {
        SMF_ASSIGN(placements[j], place(i, j));
      }
    }
    return std::move(layout_);
  }

 private:
  // Which groups of the object are the first of their signature.
  void choose_groups(std::uint32_t index) {
    const auto& object = objects_[index];
    group_kept_.assign(object.groups.size(), true);
    for (std::size_t i = 0; i < object.groups.size(); ++i) {
      const auto& group = object.groups[i];
      if (!group.comdat) continue;
      const auto [first, is_new] = kept_groups_.try_emplace(group.signature, index);
      if (is_new) continue;
      group_kept_[i] = false;
      left_out_.push_back(fmt::format("{}: group '{}' (already taken from {})", object.path,
                                      group.signature, objects_[first->second].path));
    }
  }

  Placement leave_out(const Object& object, const ObjectSection& section, std::string_view why) {
    if (section.size != 0)
      left_out_.push_back(fmt::format("{}: section '{}' ({})", object.path, section.name, why));
    return {};
  }

  Result<Placement> place(std::uint32_t object_index, std::uint32_t index) {
    const auto& object = objects_[object_index];
    const auto& section = object.sections[index];
    if (section.group && !group_kept_[*section.group]) return Placement{.fate = Fate::kDiscarded};
    if ((section.flags & SHF_ALLOC) == 0) {
      if (is_table(section.type)) return Placement{};
      return leave_out(object, section, "not loaded");
    }
    if (section.type == SHT_NULL) return Placement{};
    if (section.type == SHT_NOTE || section.name.starts_with(".note.") ||
        section.name == ".comment")
      return leave_out(object, section, "a note for linkers");
    if ((section.flags & kFlagExclude) != 0)
      return leave_out(object, section, "marked as not for linked files");

    SMF_TRY(check_loadable(object, index));
    SMF_ASSIGN(const std::uint32_t output, choose_output(object, index));
    return append(object_index, index, output);
  }

  Result<void> check_loadable(const Object& object, std::uint32_t index) const {
    const auto& section = object.sections[index];
    const auto unsupported = [&](std::string why) {
      return object.fail(object.section_header(index),
                         fmt::format("section '{}' {}", section.name, why),
                         ErrorCode::kUnsupported);
    };
    if ((section.flags & SHF_TLS) != 0)
      return unsupported(
          "holds thread-local variables, which modules cannot: do without "
          "thread_local, or compile with clang's -femulated-tls");
    if ((section.flags & SHF_COMPRESSED) != 0)
      return unsupported("is compressed but has to be loaded: make it without compression");
    if (!is_loadable(object.machine, section.type))
      return unsupported(
          fmt::format("is of type {:#x}, of which nothing is known but that it has to be loaded",
                      section.type));
    if ((section.flags & SHF_WRITE) != 0 && (section.flags & SHF_EXECINSTR) != 0)
      return unsupported("is writable and executable: modules keep code and data apart");
    if (section.alignment > limits_.alignment)
      return object.fail(object.section_header(index),
                         fmt::format("section '{}' has the alignment {}, over the limit of {}",
                                     section.name, section.alignment, limits_.alignment),
                         ErrorCode::kLimit);
    return {};
  }

  Result<std::uint32_t> choose_output(const Object& object, std::uint32_t index) {
    const auto& section = object.sections[index];
    const auto kind = kind_of(section);
    SMF_ASSIGN(const std::string name, output_name(object, index));
    const auto output = find_output(name, kind);
    const auto& found = layout_.outputs[output].section;
    if (found.kind == kind) return output;
    return object.fail(object.section_header(index),
                       fmt::format("section '{}' holds {}, but the module's section '{}' that it "
                                   "would be a part of holds {}",
                                   section.name, describe(kind), name, describe(found.kind)),
                       ErrorCode::kUnsupported);
  }

  std::uint32_t find_output(std::string_view name, SectionKind kind) {
    const auto next = static_cast<std::uint32_t>(layout_.outputs.size());
    const auto [found, is_new] = by_name_.try_emplace(std::string(name), next);
    if (is_new)
      layout_.outputs.push_back(
          {.section = {.name = std::string(name), .kind = kind, .bytes = {}}, .pieces = {}});
    return found->second;
  }

  Result<Placement> append(std::uint32_t object_index, std::uint32_t index, std::uint32_t number) {
    const auto& section = objects_[object_index].sections[index];
    auto& output = layout_.outputs[number];
    // What would be padding is an end mark to the readers of unwind tables, whose records need no
    // more than the alignment that their sizes give them.
    auto alignment = section.alignment;
    if (is_unwind_table(output)) {
      output.section.alignment = std::max(output.section.alignment, alignment);
      alignment = 1;
    }
    const auto offset = extend(output.section, section.size, alignment, limits_);
    if (!offset)
      return objects_[object_index].fail(
          objects_[object_index].section_header(index),
          fmt::format("with section '{}' ({} bytes) the module's section '{}' passes the limit of "
                      "{} bytes",
                      section.name, section.size, output.section.name, limits_.section_size),
          ErrorCode::kLimit);
    output.pieces.push_back({object_index, index, *offset});
    return Placement{.fate = Fate::kKept, .output = number, .offset = *offset};
  }

  std::span<const Object> objects_;
  const ImportLimits& limits_;
  std::vector<std::string>& left_out_;
  Layout layout_;
  std::unordered_map<std::string, std::uint32_t> by_name_;
  std::unordered_map<std::string_view, std::uint32_t> kept_groups_;  // signature to object
  std::vector<bool> group_kept_;                                     // of the object at hand
};

// Zeros first up to where an instruction can stand: there is data in front of the gap then.
void fill_gap(Machine machine, std::span<std::byte> bytes, std::uint64_t from, std::uint64_t to) {
  if (machine == Machine::kX86_64) {
    std::ranges::fill(bytes.subspan(from, to - from), std::byte{0x90});
    return;
  }
  constexpr std::uint32_t kNop = 0xD503201F;
  for (auto at = align_up(from, sizeof kNop); in_range(at, sizeof kNop, to); at += sizeof kNop)
    store(bytes, at, kNop);
}

}  // namespace

Result<Layout> place_sections(std::span<const Object> objects, const ImportLimits& limits,
                              std::vector<std::string>& left_out) {
  return Placer(objects, limits, left_out).run();
}

std::optional<std::uint64_t> extend(ImportedSection& output, std::uint64_t size,
                                    std::uint64_t alignment, const ImportLimits& limits) {
  if (size == 0) return output.size;  // nothing there to align
  if (!in_range(output.size, alignment - 1, limits.section_size)) return std::nullopt;
  const auto offset = align_up(output.size, alignment);
  if (!in_range(offset, size, limits.section_size)) return std::nullopt;
  output.alignment = std::max(output.alignment, alignment);
  output.size = offset + size;
  return offset;
}

void fill_sections(std::span<const Object> objects, Layout& layout) {
  for (auto& output : layout.outputs) {
    auto& section = output.section;
    if (section.kind == SectionKind::kBss) continue;
    section.bytes.resize(section.size);
    std::uint64_t end = 0;
    for (const auto& piece : output.pieces) {
      const auto& object = objects[piece.object];
      const auto& from = object.sections[piece.section];
      if (section.kind == SectionKind::kCode)
        fill_gap(object.machine, section.bytes, end, piece.offset);
      std::ranges::copy(object.bytes.subspan(from.offset, from.size),
                        section.bytes.begin() + static_cast<std::ptrdiff_t>(piece.offset));
      end = piece.offset + from.size;
    }
  }
}

bool is_unwind_table(const Output& output) { return output.section.name == "eh_frame"; }

}  // namespace smf::elf
