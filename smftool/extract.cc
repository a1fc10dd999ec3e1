// smftool extract: the content of one section.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "runtime/format/compression.h"
#include "runtime/format/source.h"
#include "runtime/os/output_file.h"
#include "smftool/commands.h"
#include "smftool/limit_options.h"
#include "smftool/messages.h"
#include "smftool/module_input.h"
#include "smftool/progress.h"

namespace smf::tool {
namespace {

struct ExtractOptions {
  std::string file{};
  std::string section{};
  std::string output = "-";
  bool raw = false;
  DecompressionLimits limits{};
};

// By name, or by "#INDEX" for names that repeat or cannot be typed.
Result<Section> choose_section(const SmfView& view, const std::string& name) {
  SMF_ASSIGN(const auto named, view.find_section(name));
  if (named) return *named;
  std::uint32_t index = 0;
  const char* const end = name.data() + name.size();
  if (name.starts_with('#') && std::from_chars(name.data() + 1, end, index).ptr == end &&
      name.size() > 1 && index < view.section_count()) {
    return view.section(index);
  }
  std::string known;
  for (std::uint32_t i = 0; i < std::min(view.section_count(), 20u); ++i) {
    if (const auto section = view.section(i))
      known += fmt::format("{}{}", known.empty() ? "" : ", ", section->name());
  }
  return fail(ErrorCode::kNotFound, fmt::format("no section '{}'; there are: {}", name, known));
}

// Copies in steps of a frame, so that memory does not grow with the section.
template <typename Read>
Result<void> copy(std::uint64_t size, const Read& read, os::OutputFile& out, Progress& progress) {
  ByteVector buffer;
  for (std::uint64_t at = 0; at < size; at += buffer.size()) {
    buffer.resize(std::min(kFrameSize, size - at));
    SMF_TRY(read(at, buffer));
    SMF_TRY(out.append(buffer));
    progress.update(at, size);
  }
  return {};
}

Result<void> copy_section(const ModuleInput& input, const Section& section,
                          const ExtractOptions& options, os::OutputFile& out, Progress& progress) {
  if (section.is(SectionType::kBss))
    return fail(ErrorCode::kInvalidInput,
                fmt::format("section '{}' is bss: it has no content", section.name()));
  if (section.is_note() && !options.raw) {
    SMF_ASSIGN(const auto text, input.view().note());
    SMF_TRY(out.append(as_bytes(text.value_or(""))));
    return text && text->ends_with('\n') ? Result<void>() : out.append(as_bytes("\n"));
  }
  const Bytes stored = input.view().stored(section);
  if (section.compressed && !options.raw) {
    SMF_ASSIGN(SectionReader reader,
               SectionReader::open(stored, section.virtual_size, options.limits));
    const auto read = [&](std::uint64_t at, std::span<std::byte> to) {
      return reader.read(at, to);
    };
    return copy(reader.size(), read, out, progress);
  }
  const Source source =
      input.file() ? file_slice(input.file(), section.offset, section.size) : view_source(stored);
  const auto read = [&](std::uint64_t at, std::span<std::byte> to) { return source->read(at, to); };
  return copy(section.size, read, out, progress);
}

Result<ExitStatus> run(const Context& context, const ExtractOptions& options) {
  SMF_ASSIGN(const ModuleInput input, ModuleInput::open(options.file));
  auto section = choose_section(input.view(), options.section);
  if (!section) return std::unexpected(std::move(section).error().at_path(options.file));
  SMF_ASSIGN(os::OutputFile out, os::OutputFile::create(options.output));
  {
    Progress progress(context, "extracting");
    const Result<void> copied = copy_section(input, *section, options, out, progress);
    if (!copied) {
      Error error = copied.error();
      // Offsets of a damaged payload count from its start.
      if (error.path.empty()) {
        error.offset = section->offset + error.offset.value_or(0);
        error.path = options.file;
      }
      return std::unexpected(std::move(error));
    }
  }
  std::fflush(context.out);  // before a section that goes there as well
  SMF_TRY(out.commit());
  return ExitStatus::kDone;
}

}  // namespace

void add_extract(Command tool) {
  Command command = tool.command("extract", "Write the content of one section");
  const auto options = std::make_shared<ExtractOptions>();
  command.argument("FILE", options->file, "A module of any dialect; - is standard input");
  command.argument("SECTION", options->section, "The section's name, or #INDEX");
  command.option("-o,--output", options->output, "Where to; - (the default) is standard output")
      .value("FILE");
  command.flag("--raw", options->raw,
               "The bytes as stored: not decompressed, the note with its reserve");
  add_limit_options(command, options->limits);
  command.examples(
      "smftool extract app.smf data -o data.bin\n"
      "smftool extract app.smf note.sdn | less\n"
      "smftool extract --raw app.smf data | zstd -d");
  command.runs([options](const Context& context) { return run(context, *options); });
}

}  // namespace smf::tool
