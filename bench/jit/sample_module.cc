#include "bench/jit/sample_module.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "bench/jit/sample.h"
#include "bench/temporary_folder.h"
#include "runtime/base/check.h"
#include "runtime/format/assembly.h"
#include "runtime/format/builder.h"
#include "runtime/mir/template_source.h"
#include "runtime/note/names.h"
#include "runtime/note/pack.h"
#include "runtime/os/output_file.h"

namespace smf::bench {
namespace {

// Types of the context: an array of i bytes, or a slice of such, which is laid out as any slice is.
std::string distinct_arguments(int i) { return fmt::format("i64,[u8;{}]", i + 1); }
std::string equal_arguments(int i) { return fmt::format("i64,[[u8;{}]]", i + 1); }
std::string symbol_of(const std::string& arguments) {
  return mangled_name("sift_down", split_type_args(arguments));
}

std::string note_text() {
  std::string rows = "possible |id, template, type_args, mangled_name, required_by, can_defer|\n";
  for (int i = 0; i != 2 * kSampleRows; ++i) {
    const std::string arguments = i % 2 == 0 ? distinct_arguments(i / 2) : equal_arguments(i / 2);
    rows += fmt::format("    {}, \"sift_down\", \"{}\", \"{}\", \"main\", true\n", i, arguments,
                        symbol_of(arguments));
  }
  return rows +
         "\ninstantiations |id, template, type_args, mangled_name, from_file, from_loc, to_obj, "
         "status|\n\n# END_NOTE\n";
}

ModuleSpec sample_spec() {
  ModuleSpec spec;
  spec.sections.push_back({.name = "code",
                           .type = static_cast<std::uint8_t>(SectionType::kCode),
                           .flags = kSectionRead | kSectionExec,
                           .alignment = 16,
                           .payload = text_source(std::string(64, '\xC3'))});
  const auto unit = mir::read_source(kSiftDown);
  SMF_CHECK(unit);
  const auto templates = mir::make_templates(*unit);
  SMF_CHECK(templates && add_templates(*templates, spec));
  const auto note = pack_note(note_text());
  SMF_CHECK(note);
  put_note(*note, spec);
  SMF_CHECK(add_jit_room(spec, 2u << 20));
  return spec;
}

}  // namespace

std::string distinct_symbol(int i) { return symbol_of(distinct_arguments(i)); }
std::string equal_symbol(int i) { return symbol_of(equal_arguments(i)); }

SampleModule::SampleModule() {
  static int made = 0;
  path_ = own_path(fmt::format("jit_bench-{}.smf", made++));
  auto out = os::OutputFile::create(path_);
  SMF_CHECK(out && build_module(sample_spec(), {.jobs = 1}, *out) && out->commit());
}
SampleModule::~SampleModule() { std::filesystem::remove(path_); }

std::unique_ptr<JitInstantiator> SampleModule::load(UpdateMode mode) const {
  auto jit = JitInstantiator::create({.update_mode = mode});
  SMF_CHECK(jit && (*jit)->load_metadata(path_));
  return *std::move(jit);
}

}  // namespace smf::bench
