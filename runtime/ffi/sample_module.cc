#include "runtime/ffi/sample_module.h"

#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/format/assembly.h"
#include "runtime/format/builder.h"
#include "runtime/mir/template_source.h"
#include "runtime/note/pack.h"
#include "runtime/os/output_file.h"

namespace {

using smf::ModuleSpec;
using smf::Result;
using smf::SectionType;

constexpr std::string_view kTemplates = R"(
fn #1 max<T: ordered>(T, T) -> T entry 0 {
  local %0 a: T arg 0
  local %1 b: T arg 1
  local %2: bool temp
  block 0:
    %2 = lt %0, %1
    if %2 then 1 else 2
  block 1:
    return %1
  block 2:
    return %0
}

fn #2 divide<T: numeric>(T, T) -> T entry 0 {
  local %0 a: T arg 0
  local %1 b: T arg 1
  local %2: T temp
  block 0:
    %2 = div %0, %1
    return %2
}

fn #3 doubled<T>(T) -> T entry 0 {
  local %0 x: T arg 0
  local %1: T temp
  block 0:
    %1 = call fn(T) -> T "double_it"(%0)
    return %1
}

fn #4 next<T: numeric>(T) -> T entry 0 {
  local %0 x: T arg 0
  local %1: *mut T temp
  local %2: T temp
  block 0:
    %1 = global mut #77
    %2 = load %1
    %2 = add %2, %0
    store %1, %2
    return %2
}

struct #10 Node<T> {
  value: T
  next: Node<T>
}

fn #5 node<T>(T) -> T entry 0 {
  local %0 x: T arg 0
  local %1: Node<T> temp
  block 0:
    return %0
}

fn #6 broken<T>(T) -> T entry 0 {
  local %0 x: T arg 0
  local %1: T temp
  block 0:
    %1 = call fn(T) -> T "nobody_has_this"(%0)
    return %1
}

fn #8 put<T>(*mut T, T) -> unit entry 0 {
  local %0 to: *mut T arg 0
  local %1 x: T arg 1
  block 0:
    store %0, %1
    return
}

fn #7 identity<T>(T) -> T entry 0 {
  local %0 x: T arg 0
  block 0:
    return %0
}
)";

constexpr std::string_view kNote = R"(# Instantiation To/From Metadata
# Format version: 1.0

possible |id, template, type_args, mangled_name, required_by, can_defer|
    0, "max", "i64", "max$i64", "sample", true
    1, "max", "f64", "max$f64", "sample", true
    2, "divide", "i64", "divide$i64", "sample", true
    3, "doubled", "i64", "doubled$i64", "sample", true
    4, "next", "i64", "next$i64", "sample", true
    5, "node", "i64", "node$i64", "sample", true
    6, "broken", "i64", "broken$i64", "sample", true
    7, "put", "i64", "put$i64", "sample", true

instantiations |id, template, type_args, mangled_name, from_file, from_loc, to_obj, status|
    0, "identity", "i64", "identity$i64", "a.spl", "a.spl:1:2", "a.o", "compiled"

# END_NOTE
)";

void add_section(ModuleSpec& spec, std::string name, SectionType type, std::string_view bytes) {
  spec.sections.push_back({.name = std::move(name),
                           .type = static_cast<std::uint8_t>(type),
                           .alignment = 16,
                           .payload = smf::text_source(bytes)});
}

Result<ModuleSpec> sample() {
  ModuleSpec spec;
  add_section(spec, "code", SectionType::kCode, std::string(64, '\xC3'));
  spec.sections.back().flags |= smf::kSectionExec;
  spec.symbols.push_back({.name = "answer", .section = 0, .value = 16, .size = 4});
  spec.sections.push_back({.name = "zeros",
                           .type = static_cast<std::uint8_t>(SectionType::kBss),
                           .flags = smf::kSectionRead | smf::kSectionWrite,
                           .virtual_size = 4096});
  std::string table(100'000, '\0');
  for (std::size_t i = 0; i != table.size(); ++i) table[i] = static_cast<char>(i % 4);
  add_section(spec, "table", SectionType::kRoData, table);
  SMF_ASSIGN(spec.sections.back().compression, smf::parse_compression("zstd"));
  SMF_ASSIGN(const smf::mir::Unit unit, smf::mir::read_source(kTemplates));
  SMF_ASSIGN(const auto templates, smf::mir::make_templates(unit));
  SMF_TRY(smf::add_templates(templates, spec));
  SMF_ASSIGN(const smf::PackedNote note, smf::pack_note(kNote));
  smf::put_note(note, spec);
  return spec;
}

Result<void> write(const std::string& path) {
  SMF_ASSIGN(const ModuleSpec spec, sample());
  SMF_ASSIGN(smf::os::OutputFile out, smf::os::OutputFile::create(path));
  SMF_TRY(smf::build_module(spec, {}, out));
  return out.commit();
}

}  // namespace

bool write_sample_module(const char* path) try {
  const auto written = write(path);
  if (!written) fmt::print(stderr, "{}: {}\n", path, written.error().describe());
  return written.has_value();
} catch (const std::exception& error) {
  fmt::print(stderr, "{}: {}\n", path, error.what());
  return false;
}
