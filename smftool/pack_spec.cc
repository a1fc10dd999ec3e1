#include "smftool/pack_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runtime/format/assembly.h"
#include "runtime/format/convert.h"
#include "runtime/format/elf/module_sections.h"
#include "runtime/format/recompress.h"
#include "runtime/mir/check_templates.h"
#include "runtime/mir/note_needs.h"
#include "runtime/mir/program.h"
#include "runtime/mir/template_source.h"
#include "runtime/note/note.h"
#include "runtime/note/pack.h"
#include "runtime/os/input_file.h"
#include "smftool/counted.h"
#include "smftool/messages.h"
#include "smftool/mir_input.h"
#include "smftool/printable.h"
#include "smftool/stub_choice.h"

namespace smf::tool {
namespace {

constexpr std::uint64_t kSectionAlignment = 16;

#if defined(__aarch64__)
constexpr Arch kThisMachine = Arch::kAArch64;
#elif defined(__riscv)
constexpr Arch kThisMachine = Arch::kRiscV64;
#else
constexpr Arch kThisMachine = Arch::kX86_64;
#endif

Result<std::string> read_text(const std::string& path) {
  SMF_ASSIGN(const os::FileBytes file, os::FileBytes::load(path));
  return std::string(as_text(file.bytes()));
}

template <typename Parse>
Result<void> set_named(std::uint8_t& field, const std::string& text, const char* option,
                       Parse parse) {
  if (text.empty()) return {};
  const auto value = parse(text);
  if (!value) return wrong_usage(fmt::format("{}: unknown name '{}'", option, text));
  field = *value;
  return {};
}

Result<void> set_header(const PackOptions& options, ModuleSpec& spec) {
  spec.platform = static_cast<std::uint8_t>(Platform::kLinux);
  spec.arch = static_cast<std::uint8_t>(kThisMachine);
  SMF_TRY(set_named(spec.platform, options.platform, "--platform", parse_platform));
  SMF_TRY(set_named(spec.arch, options.arch, "--arch", parse_arch));
  SMF_TRY(set_named(spec.app_type, options.app_type, "--app-type", parse_app_type));
  if (options.reloadable) spec.flags |= kModuleReloadable;
  if (!options.source_hash.empty()) {
    SMF_ASSIGN(spec.source_hash, parse_source_hash(options.source_hash));
  }
  if (options.compat == "rust") {
    spec.format = OutputFormat::kH96;
    spec.with_hash_section = false;
  }
  return {};
}

Result<void> add_objects(const Context& context, const PackOptions& options, ModuleSpec& spec) {
  if (options.objects.empty()) return {};
  std::vector<os::FileBytes> files;
  std::vector<elf::InputFile> inputs;
  for (const std::string& path : options.objects) {
    SMF_ASSIGN(os::FileBytes file, os::FileBytes::load(path));
    files.push_back(std::move(file));
    inputs.push_back({.path = path, .bytes = files.back().bytes()});
  }
  SMF_ASSIGN(elf::ImportedObject object, elf::import_objects(inputs));
  if (context.is_verbose) {
    for (const std::string& line : object.left_out)
      fmt::print(context.err, "smftool: left out: {}\n", printable(line));
  }
  const auto arch = static_cast<std::uint8_t>(elf::arch_of(object.machine));
  if (!options.arch.empty() && spec.arch != arch)
    return wrong_usage(
        fmt::format("--arch {}, but the objects are for {}", options.arch, arch_name(arch)));
  spec.arch = arch;
  return elf::add_object(std::move(object), spec);
}

Result<void> add_section(const SectionChoice& choice, ModuleSpec& spec) {
  SMF_ASSIGN(Source payload, file_source(choice.file));
  spec.sections.push_back({.name = choice.name,
                           .type = choice.type,
                           .flags = choice.flags,
                           .alignment = kSectionAlignment,
                           .payload = std::move(payload)});
  return {};
}

Result<void> add_sections(const PackOptions& options, ModuleSpec& spec) {
  std::vector<SectionChoice> choices;
  for (const std::string& text : options.sections) {
    SMF_ASSIGN(SectionChoice choice, parse_section_choice(text));
    choices.push_back(std::move(choice));
  }
  for (const std::string& text : options.data) {
    SMF_ASSIGN(SectionChoice choice, parse_data_choice(text));
    choices.push_back(std::move(choice));
  }
  for (const SectionChoice& choice : choices) SMF_TRY(add_section(choice, spec));
  return {};
}

Result<mir::Unit> read_unit(const std::string& path, const mir::GenericParameters& given) {
  SMF_ASSIGN(const std::string text, read_text(path));
  auto unit = mir::read_source(text, given);
  if (!unit) return std::unexpected(std::move(unit).error().at_path(path));
  return unit;
}

// Templates that cannot become functions are stored all the same: other back ends may take them,
// and what is missing may be in another module.
Result<void> warn_about(const Context& context, std::span<const TemplateSpec> templates,
                        std::span<const std::string> paths) {
  std::vector<TemplateEntry> entries;
  for (const TemplateSpec& one : templates) {
    entries.push_back({.kind = static_cast<std::uint8_t>(one.kind),
                       .name = one.name,
                       .parameter_count = static_cast<std::uint8_t>(one.parameters.size()),
                       .body = one.body});
  }
  SMF_ASSIGN(const auto findings, mir::check_templates(entries));
  for (const mir::TemplateFinding& one : findings) {
    warn(context, paths[one.index],
         fmt::format("template '{}': {}", templates[one.index].name, one.error.message));
  }
  return {};
}

std::unexpected<Error> no_template(const mir::Unit& unit, const std::string& path) {
  Error error{.message = "no generic template in it", .path = path};
  if (unit.functions.size() == 1) {
    error.message = fmt::format("'{0}' has no generic parameters; name them with --generic {0}=T",
                                unit.string(unit.functions.front().name));
  }
  return std::unexpected(std::move(error));
}

// Whether there are any. They go to the program as well.
Result<bool> add_all_templates(const Context& context, const PackOptions& options,
                               mir::Program& program, ModuleSpec& spec) {
  SMF_ASSIGN(const mir::GenericParameters given, parse_generics(options.generics));
  std::vector<mir::Unit> types;
  for (const std::string& path : options.types) {
    SMF_ASSIGN(mir::Unit unit, read_unit(path, given));
    types.push_back(std::move(unit));
  }
  std::vector<TemplateSpec> templates;
  std::vector<std::string> paths;  // of each
  const auto add = [&](const mir::Unit& unit, const std::string& path) -> Result<std::size_t> {
    auto more = mir::make_templates(unit, types);
    if (!more) return std::unexpected(std::move(more).error().at_path(path));
    paths.insert(paths.end(), more->size(), path);
    std::ranges::move(*more, std::back_inserter(templates));
    return more->size();
  };
  for (const std::string& path : options.templates) {
    SMF_ASSIGN(const mir::Unit unit, read_unit(path, given));
    SMF_ASSIGN(const std::size_t count, add(unit, path));
    if (count == 0) return no_template(unit, path);
  }
  for (std::size_t i = 0; i != types.size(); ++i) SMF_TRY(add(types[i], options.types[i]));
  for (const auto& [name, parameters] : given) {
    if (std::ranges::find(templates, name, &TemplateSpec::name) == templates.end())
      return wrong_usage(fmt::format("--generic: there is no template '{}'", name));
  }
  if (auto added = add_templates(templates, spec); !added)
    return std::unexpected(blame_input(std::move(added).error()));
  SMF_TRY(warn_about(context, templates, paths));
  for (const TemplateSpec& one : templates) {
    SMF_ASSIGN(mir::Unit body, mir::read_body(one.body));
    // One that cannot be added was warned about.
    (void)program.add(std::move(body));
  }
  return !templates.empty();
}

// What the instantiations of the note need of each other goes into it.
Result<std::string> complete_note(const Context& context, const PackOptions& options,
                                  const Note& note, mir::Program& program) {
  SMF_ASSIGN(const mir::NoteNeeds needs, mir::find_needs(note, program));
  for (const std::string& refused : needs.refused) warn(context, options.note, refused);
  if (needs.is_empty()) return std::string(note.text());
  if (context.is_verbose) {
    fmt::print(
        context.err, "smftool: {}: {} and {} of 'possible' added\n", printable(options.note),
        counted(needs.dependencies.size(), "row of 'dependencies'", "rows of 'dependencies'"),
        needs.possible.size());
  }
  return needs.add_to(note);
}

Result<void> add_note(const Context& context, const PackOptions& options, mir::Program& program,
                      ModuleSpec& spec) {
  if (options.note.empty()) return {};
  SMF_ASSIGN(std::string text, read_text(options.note));
  const auto note = Note::parse(text);
  // Of a text that is none, pack_note() tells more.
  if (auto names = note ? note->check_names() : Result<void>(); !names)
    return std::unexpected(std::move(names).error().at_path(options.note));
  std::string completed;
  if (note) {
    auto complete = complete_note(context, options, *note, program);
    if (!complete) return std::unexpected(std::move(complete).error().at_path(options.note));
    completed = *std::move(complete);
  }
  auto packed = pack_note(note ? completed : text);
  if (!packed) return std::unexpected(std::move(packed).error().at_path(options.note));
  put_note(*packed, spec);
  return {};
}

// Where templates are, unless told otherwise.
Result<void> reserve_jit_room(const PackOptions& options, bool has_templates, ModuleSpec& spec) {
  if (options.jit_room != 0) return add_jit_room(spec, options.jit_room);
  const bool is_wanted = has_templates && !options.no_jit_room;
  if (!is_wanted || spec.format != OutputFormat::kP128) return {};
  return add_jit_room(spec);
}

}  // namespace

Result<ModuleSpec> make_pack_spec(const Context& context, const PackOptions& options) {
  ModuleSpec spec;
  Recompression compression{.compression = {}, .code_too = options.compress_code, .limits = {}};
  SMF_ASSIGN(compression.compression, parse_compression(options.compression));
  SMF_TRY(set_header(options, spec));
  SMF_TRY(add_objects(context, options, spec));
  SMF_TRY(add_sections(options, spec));
  mir::Program program;
  SMF_ASSIGN(const bool has_templates, add_all_templates(context, options, program, spec));
  SMF_TRY(add_note(context, options, program, spec));
  const bool is_current = spec.format == OutputFormat::kP128;
  SMF_TRY(reserve_jit_room(options, has_templates, spec));
  put_code_first(spec);
  if (!options.entry.empty()) SMF_TRY(set_entry(options.entry, spec));
  if (!options.exports.empty()) SMF_TRY(restrict_exports(options.exports, spec));
  if (!options.stub.empty()) {
    SMF_ASSIGN(spec.stub, choose_stub(options.stub));
  }
  spec.with_symbol_index = is_current && wants_symbol_index(spec.symbols.size());
  compress_sections(spec, compression);
  return spec;
}

}  // namespace smf::tool
