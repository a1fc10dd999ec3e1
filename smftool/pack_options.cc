#include "smftool/pack_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "runtime/format/assembly.h"
#include "runtime/format/layout.h"
#include "runtime/format/types.h"
#include "smftool/messages.h"

namespace smf::tool {
namespace {

constexpr const char* kContents = "Contents";
constexpr const char* kShape = "Shape";
constexpr const char* kHeader = "Header";

constexpr const char* kJitRoomOption = "--jit-room";

// What goes with --manifest, which says everything else.
constexpr std::string_view kBesideManifest[] = {"--output", "--manifest", "--jobs",
                                                "--quiet",  "--verbose",  "--no-color"};

void add_contents(Command& command, PackOptions& options) {
  command.option("--note", options.note, "The text of note.sdn").value("FILE.sdn").group(kContents);
  command.list("--template", options.templates, "Generic templates: the compiler's JSON, or text")
      .value("FILE.json|FILE.mir")
      .group(kContents);
  command.list("--types", options.types, "Definitions of the types that templates use")
      .value("FILE.json")
      .group(kContents);
  command
      .list("--generic", options.generics, "Parameters of a template whose JSON does not name them")
      .value("NAME=T,U")
      .group(kContents);
  command
      .list("--object", options.objects, "ELF objects or archives: sections, symbols, relocations")
      .value("FILE.o|FILE.a")
      .group(kContents);
  command.list("--data", options.data, "A data section with the bytes of a file")
      .value("NAME=FILE")
      .group(kContents);
  command
      .list("--section", options.sections,
            "A section of any type (code, data, rodata, ... or a number); flags are letters of rwx")
      .value("NAME:TYPE[:FLAGS]=FILE")
      .group(kContents);
}

void add_shape(Command& command, PackOptions& options) {
  command.option("--compress", options.compression, "Compress sections (default none)")
      .value("none|zstd[:LEVEL]|lz4[:LEVEL]")
      .group(kShape);
  command.flag("--compress-code", options.compress_code, "Code too").group(kShape);
  command
      .option("--stub", options.stub,
              "Put a program in front, or with shebang the line #!/usr/bin/env simple")
      .value("shebang|FILE")
      .group(kShape);
  command
      .option("--compat", options.compat,
              "Write what tools built in Rust load: no compression, stub or .smf. sections")
      .value("rust")
      .group(kShape);
  command
      .flag("--no-jit-room", options.no_jit_room,
            "Reserve no room for persisted instantiations of templates")
      .group(kShape);
  command
      .size(kJitRoomOption, options.jit_room,
            "Reserve this much (default a tenth of the code, at least 64K)")
      .group(kShape);
}

void add_header(Command& command, PackOptions& options) {
  command.option("--entry", options.entry, "Where the module starts: makes it executable")
      .value("SYMBOL")
      .group(kHeader);
  command.list("--export", options.exports, "Of the objects' symbols, let others see only this one")
      .value("SYMBOL")
      .group(kHeader);
  command.option("--platform", options.platform, "Default linux")
      .value("any|linux|windows|macos|freebsd|bare-metal")
      .group(kHeader);
  command.option("--arch", options.arch, "Default: the objects', or this machine's")
      .value("x86-64|aarch64|x86|arm|riscv64|riscv32|wasm32|wasm64")
      .group(kHeader);
  command.option("--app-type", options.app_type, "Default cli")
      .value("cli|tui|gui|service|repl")
      .group(kHeader);
  command.flag("--reloadable", options.reloadable, "The module may be replaced while it runs")
      .group(kHeader);
  command.option("--source-hash", options.source_hash, "A hash of the sources, for the header")
      .value("HEX")
      .group(kHeader);
}

Result<std::pair<std::string, std::string>> split(const std::string& text, const char* option,
                                                  const char* form) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
    return wrong_usage(fmt::format("{}: expected {}, not '{}'", option, form, text));
  return std::pair(text.substr(0, equals), text.substr(equals + 1));
}

Result<void> check_name(const std::string& name, const char* option) {
  if (name.starts_with(kReservedPrefix))
    return wrong_usage(fmt::format("{}: section names that begin with '{}' are reserved: '{}'",
                                   option, kReservedPrefix, name));
  if (name.size() > 16)
    return wrong_usage(fmt::format("{}: section name '{}' is longer than 16 bytes", option, name));
  return {};
}

std::uint32_t default_flags(std::uint8_t type) {
  if (type == static_cast<std::uint8_t>(SectionType::kCode)) return kSectionRead | kSectionExec;
  if (type == static_cast<std::uint8_t>(SectionType::kData)) return kSectionRead | kSectionWrite;
  return kSectionRead;
}

Result<void> check_jit_room(const PackOptions& options) {
  constexpr std::uint64_t kLeast = sizeof(layout::JitRoomHeader);
  if (options.jit_room < kLeast || options.jit_room > kMostJitRoom)
    return wrong_usage(fmt::format("--jit-room: expected {} to {} bytes, not {}", kLeast,
                                   kMostJitRoom, options.jit_room));
  if (options.no_jit_room)
    return wrong_usage("--jit-room and --no-jit-room cannot be used together");
  if (!options.compat.empty())
    return wrong_usage("--jit-room cannot be used with --compat: its readers know no such section");
  return {};
}

}  // namespace

void add_pack_options(Command& command, PackOptions& options) {
  command.option("-o,--output", options.output, "The new module; - is standard output")
      .required()
      .value("OUT");
  command
      .option("--manifest", options.manifest,
              "Pack what a manifest lists, such as the one that unpack writes")
      .value("FILE.sdn");
  command.option("-j,--jobs", options.jobs, "Threads to use (default: all processors)").value("N");
  add_contents(command, options);
  add_shape(command, options);
  add_header(command, options);
}

Result<void> check_pack_options(const Command& command, const PackOptions& options) {
  const std::vector<std::string> given = command.given();
  if (!options.manifest.empty()) {
    for (const std::string& name : given) {
      if (std::ranges::find(kBesideManifest, name) == std::end(kBesideManifest))
        return wrong_usage(fmt::format("{} cannot be used with --manifest", name));
    }
    return {};
  }
  if (options.note.empty() && options.templates.empty() && options.types.empty() &&
      options.objects.empty() && options.data.empty() && options.sections.empty()) {
    return wrong_usage(
        "nothing to pack: expected --object, --note, --template, --types, --data, "
        "--section or --manifest");
  }
  if (std::ranges::find(given, kJitRoomOption) != given.end()) SMF_TRY(check_jit_room(options));
  if (options.compat.empty()) return {};
  if (options.compat != "rust")
    return wrong_usage(fmt::format("--compat: expected rust, not '{}'", options.compat));
  if (options.compression != "none")
    return wrong_usage(
        "--compress cannot be used with --compat rust: its readers know no "
        "compression");
  if (options.compress_code)
    return wrong_usage("--compress-code cannot be used with --compat rust");
  if (!options.stub.empty())
    return wrong_usage("--stub cannot be used with --compat rust: its header comes first");
  return {};
}

Result<SectionChoice> parse_section_choice(const std::string& text) {
  constexpr const char* kForm = "NAME:TYPE[:FLAGS]=FILE";
  SMF_ASSIGN(const auto parts, split(text, "--section", kForm));
  const std::string& left = parts.first;
  const auto first = left.find(':');
  const auto second = first == std::string::npos ? first : left.find(':', first + 1);
  if (first == std::string::npos || first == 0)
    return wrong_usage(fmt::format("--section: expected {}, not '{}'", kForm, text));
  SectionChoice choice{.name = left.substr(0, first), .file = parts.second};
  const std::string type = left.substr(first + 1, second - first - 1);
  const auto number = parse_section_type(type);
  if (!number || *number == 0)
    return wrong_usage(fmt::format("--section: unknown section type '{}'", type));
  if (*number == static_cast<std::uint8_t>(SectionType::kBss))
    return wrong_usage("--section: a bss section has no content; it comes from an object");
  choice.type = *number;
  choice.flags = default_flags(*number);
  if (second != std::string::npos) {
    const auto flags = parse_section_flags(left.substr(second + 1));
    if (!flags || (*flags & kSectionCompressed) != 0)
      return wrong_usage(
          fmt::format("--section: expected letters of rwx, not '{}'", left.substr(second + 1)));
    choice.flags = *flags;
  }
  SMF_TRY(check_name(choice.name, "--section"));
  return choice;
}

Result<SectionChoice> parse_data_choice(const std::string& text) {
  SMF_ASSIGN(auto parts, split(text, "--data", "NAME=FILE"));
  SMF_TRY(check_name(parts.first, "--data"));
  const auto type = static_cast<std::uint8_t>(SectionType::kData);
  return SectionChoice{.name = std::move(parts.first),
                       .type = type,
                       .flags = default_flags(type),
                       .file = std::move(parts.second)};
}

Result<GenericChoice> parse_generic_choice(const std::string& text) {
  SMF_ASSIGN(auto parts, split(text, "--generic", "NAME=T,U"));
  GenericChoice choice{.name = std::move(parts.first)};
  const std::string& list = parts.second;
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    if (end == at)
      return wrong_usage(fmt::format("--generic: a parameter without a name in '{}'", text));
    choice.parameters.push_back(list.substr(at, end - at));
    at = end + 1;
  }
  return choice;
}

Result<std::uint64_t> parse_source_hash(const std::string& text) {
  std::string_view digits = text;
  if (digits.starts_with("0x")) digits.remove_prefix(2);
  std::uint64_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), end, value, 16);
  if (digits.empty() || error != std::errc() || stopped != end)
    return wrong_usage(
        fmt::format("--source-hash: expected up to 16 hexadecimal digits, not '{}'", text));
  return value;
}

}  // namespace smf::tool
