#include "smftool/module_output.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <cstdio>
#include <thread>
#include <utility>

#include "runtime/os/output_file.h"
#include "smftool/counted.h"
#include "smftool/printable.h"
#include "smftool/progress.h"

namespace smf::tool {

unsigned available_processors() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0)
    return static_cast<unsigned>(std::max(1, CPU_COUNT(&allowed)));
  return std::max(1u, std::thread::hardware_concurrency());
}

Result<BuildSummary> write_module(const Context& context, const ModuleSpec& spec,
                                  const std::string& path, unsigned jobs, std::string what) {
  SMF_ASSIGN(os::OutputFile out,
             os::OutputFile::create(path, {.add_execute_bits = spec.stub != nullptr}));
  Progress progress(context, std::move(what));
  SMF_ASSIGN(BuildSummary summary,
             build_module(spec, {.jobs = jobs, .progress = progress.callback()}, out));
  std::fflush(context.out);  // before a module that goes there as well
  SMF_TRY(out.commit());
  return summary;
}

void print_summary(const Context& context, const ModuleSpec& spec, const BuildSummary& summary,
                   const std::string& path) {
  if (context.is_quiet) return;
  const bool is_streamed = path == "-";
  std::FILE* const out = is_streamed ? context.err : context.out;
  std::uint64_t content = 0, stored = 0;
  for (const BuiltSection& section : summary.sections) {
    content += section.content_size;
    stored += section.stored_size;
  }
  fmt::print(out, "{}: {}, {}, {} bytes", is_streamed ? "standard output" : printable(path),
             counted(summary.sections.size(), "section"), counted(spec.symbols.size(), "symbol"),
             summary.file_size);
  const bool is_compressed = std::ranges::any_of(summary.sections, &BuiltSection::compressed);
  if (is_compressed && content > 0) {
    fmt::print(out, " (content compressed to {:.1f}% of {} bytes)",
               100.0 * static_cast<double>(stored) / static_cast<double>(content), content);
  }
  fmt::print(out, "\n");
  if (!context.is_verbose) return;
  for (const BuiltSection& section : summary.sections) {
    fmt::print(out, "  {:<16}  {:>12} bytes", printable(section.name), section.content_size);
    if (section.compressed) fmt::print(out, ", stored in {}", section.stored_size);
    fmt::print(out, "\n");
  }
}

}  // namespace smf::tool
