// How each dialect lays a module out. All numbers are offsets and sizes of the specification.
#include <map>
#include <utility>

#include "testdata/golden/golden.h"
#include "testdata/golden/image.h"

namespace smf::golden {
namespace {

struct Shape {
  std::uint64_t section_entry;
  std::uint64_t symbol_entry;
  std::uint64_t table_alignment;
  bool aligns_payloads;
  bool section_table_first;
  bool is_p128;
};
constexpr Shape kH72Shape{56, 40, 1, false, true, false};
constexpr Shape kH96Shape{56, 56, 1, false, true, false};
constexpr Shape kH96TShape{56, 56, 8, true, false, false};
constexpr Shape kP128Shape{64, 56, 8, true, false, true};
constexpr Shape kP128StartShape{64, 56, 8, true, true, true};

// From smf_data_offset, as the header holds them.
struct Tables {
  std::uint64_t sections = 0;
  std::uint64_t symbols = 0;
};

// FNV-1a, 32 bits.
std::uint32_t name_hash(std::string_view name) {
  std::uint32_t hash = 2166136261u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

void put_section(Image& image, std::uint64_t at, const Shape& shape, const Section& section,
                 std::uint64_t offset) {
  const std::uint64_t size = section.recorded_size.value_or(section.bytes.size());
  image.u8(at + 0, section.type);
  image.u32(at + 4, section.flags);
  image.u64(at + 8, offset);
  image.u64(at + 16, size);
  image.u64(at + 24, section.virtual_size.value_or(size));
  image.u64(at + 32, section.alignment);
  image.text(at + 40, section.name, 16);
  if (shape.is_p128) image.u64(at + 56, 0);
}

void put_symbol(Image& image, std::uint64_t at, const Shape& shape, const Module& module,
                const Symbol& symbol, std::uint64_t name_offset) {
  const std::uint8_t older_type = symbol.type == 255 ? 0 : symbol.type + 1;
  image.u32(at + 0, name_offset);
  image.u32(at + 4, symbol.zero_hash ? 0 : name_hash(symbol.name));
  image.u8(at + 8, shape.is_p128 ? symbol.type : older_type);
  image.u8(at + 9, symbol.binding);
  image.u8(at + 10, symbol.visibility);
  image.u8(at + 11, symbol.flags);
  image.u64(at + 16, symbol.value);
  image.u64(at + 24, symbol.size);
  image.u32(at + 32, symbol.type_id);
  image.u32(at + 36, symbol.version);
  if (shape.symbol_entry == 40) return;
  image.u8(at + 40, symbol.template_param_count);
  image.u64(at + 48, symbol.template_offset);
  if (!shape.is_p128) return;
  image.u16(at + 41, symbol.section ? *symbol.section + 1 : 0);
  if (module.section_marker) image.u8(at + 43, 0x53);
}

// Symbol table and strings, which run from the last symbol to the end or the trailer.
std::uint64_t put_symbols(Image& image, const Shape& shape, const Module& module) {
  image.align(shape.table_alignment);
  const std::uint64_t table = image.grow(module.symbols.size() * shape.symbol_entry);
  std::string strings(module.leading_nul ? 1 : 0, '\0');
  std::map<std::string, std::uint64_t> known;
  for (std::size_t i = 0; i < module.symbols.size(); ++i) {
    const Symbol& symbol = module.symbols[i];
    std::uint64_t name = strings.size();
    const auto found = known.find(symbol.name);
    if (module.deduplicated && found != known.end()) {
      name = found->second;
    } else {
      known[symbol.name] = name;
      strings += symbol.name + '\0';
    }
    put_symbol(image, table + i * shape.symbol_entry, shape, module, symbol, name);
  }
  if (!module.symbols.empty()) image.append(strings);
  image.append(module.after_strings);
  return table;
}

// Everything but the header. Alignment counts from the base, of which stubs are a multiple here.
Tables put_body(Image& image, const Shape& shape, const Module& module) {
  const std::uint64_t base = module.stub.size();
  const std::uint64_t table_size = module.sections.size() * shape.section_entry;
  std::uint64_t table = shape.section_table_first ? image.grow(table_size) : 0;
  std::vector<std::uint64_t> offsets;
  for (const Section& section : module.sections) {
    if (shape.aligns_payloads && !section.bytes.empty()) image.align(section.alignment);
    offsets.push_back(image.append(section.bytes) - base);
  }
  if (!shape.section_table_first) {
    image.align(shape.table_alignment);
    table = image.grow(table_size);
  }
  for (std::size_t i = 0; i < module.sections.size(); ++i)
    put_section(image, table + i * shape.section_entry, shape, module.sections[i], offsets[i]);
  const std::uint64_t symbols = put_symbols(image, shape, module);
  return {.sections = table - base, .symbols = symbols - base};
}

void put_first_bytes(Image& image, std::uint64_t at, const Module& module) {
  image.text(at + 0, std::string_view("SMF\0", 4), 4);
  image.u8(at + 4, module.major);
  image.u8(at + 5, module.minor);
  image.u8(at + 6, module.platform);
  image.u8(at + 7, module.arch);
  image.u32(at + 8, module.flags);
}

void put_h72(Image& image, const Module& module, const Tables& tables) {
  put_first_bytes(image, 0, module);
  image.u32(12, module.sections.size());
  image.u64(16, tables.sections);
  image.u64(24, tables.symbols);
  image.u32(32, module.symbols.size());
  image.u32(36, module.exported_count);
  image.u64(40, module.entry_point);
  image.u64(48, module.module_hash);
  image.u64(56, module.source_hash);
}

void put_h96(Image& image, std::uint64_t at, const Module& module, const Tables& tables) {
  put_first_bytes(image, at, module);
  image.u8(at + 12, module.compression);
  image.u8(at + 13, module.level);
  image.u32(at + 16, module.sections.size());
  image.u64(at + 24, tables.sections);
  image.u64(at + 32, tables.symbols);
  image.u32(at + 40, module.symbols.size());
  image.u32(at + 44, module.exported_count);
  image.u64(at + 48, module.entry_point);
  image.u32(at + 56, module.stub.size());
  image.u32(at + 60, module.stub.size());
  image.u64(at + 64, module.module_hash);
  image.u64(at + 72, module.source_hash);
  image.u8(at + 80, module.app_type);
  image.u16(at + 82, module.window_width);
  image.u16(at + 84, module.window_height);
  image.u8(at + 86, module.prefetch_hint);
  image.u8(at + 87, module.prefetch_file_count);
}

void put_p128(Image& image, std::uint64_t at, const Module& module, const Tables& tables) {
  put_first_bytes(image, at, module);
  image.u8(at + 12, module.compression);
  image.u8(at + 13, module.level);
  image.u32(at + 16, module.sections.size());
  image.u64(at + 20, tables.sections);
  image.u64(at + 28, tables.symbols);
  image.u32(at + 36, module.symbols.size());
  image.u32(at + 40, module.exported_count);
  image.u64(at + 44, module.entry_point);
  image.u32(at + 52, module.stub.size());
  image.u32(at + 56, module.stub.size());
  image.u64(at + 60, module.module_hash);
  image.u64(at + 68, module.source_hash);
  image.u8(at + 76, module.app_type);
  image.u16(at + 77, module.window_width);
  image.u16(at + 79, module.window_height);
  image.u8(at + 81, module.prefetch_hint);
  image.u8(at + 82, module.prefetch_file_count);
  image.text(at + 88, module.options_hash, 16);
}

}  // namespace

std::string write_h72(const Module& module, std::uint64_t garbage) {
  Image image(garbage);
  image.grow(72);
  put_h72(image, module, put_body(image, kH72Shape, module));
  return image.bytes();
}

std::string write_h96(const Module& module, std::uint64_t garbage) {
  Image image(garbage);
  image.grow(96);
  put_h96(image, 0, module, put_body(image, kH96Shape, module));
  return image.bytes();
}

std::string write_h96t(const Module& module, std::uint64_t garbage) {
  Image image(garbage);
  image.append(module.stub);
  const Tables tables = put_body(image, kH96TShape, module);
  put_h96(image, image.grow(96), module, tables);
  return image.bytes();
}

std::string write_p128(const Module& module, std::uint64_t garbage) {
  Image image(garbage);
  image.append(module.stub);
  const Tables tables = put_body(image, kP128Shape, module);
  put_p128(image, image.grow(128), module, tables);
  return image.bytes();
}

std::string write_p128_at_start(const Module& module, std::uint64_t garbage) {
  Image image(garbage);
  image.grow(128);
  put_p128(image, 0, module, put_body(image, kP128StartShape, module));
  return image.bytes();
}

Section relocation_section(std::string name, std::vector<Relocation> relocations,
                           std::uint64_t garbage) {
  Image image(garbage);
  for (const Relocation& relocation : relocations) {
    const std::uint64_t at = image.grow(24);
    image.u64(at + 0, relocation.offset);
    image.u32(at + 8, relocation.symbol);
    image.u8(at + 12, relocation.type);
    image.u64(at + 16, static_cast<std::uint64_t>(relocation.addend));
  }
  return {.type = 5,
          .flags = 1,
          .name = std::move(name),
          .bytes = image.bytes(),
          .alignment = 8,
          .relocations = std::move(relocations)};
}

Module flattened(Module module) {
  for (Symbol& symbol : module.symbols) {
    if (!symbol.section) continue;
    if (module.sections.at(*symbol.section).type == 1) {
      for (std::size_t i = 0; i < *symbol.section; ++i)
        if (module.sections[i].type == 1) symbol.value += module.sections[i].bytes.size();
    }
    symbol.section.reset();
  }
  return module;
}

}  // namespace smf::golden
