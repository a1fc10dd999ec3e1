// smftool bench: hashes, symbols, compressed sections, the note, and the cache.

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/cache/cache.h"
#include "runtime/format/compression.h"
#include "runtime/format/hashes.h"
#include "runtime/format/verify.h"
#include "runtime/note/lookup.h"
#include "smftool/counted.h"
#include "smftool/module_benchmark.h"

namespace smf::tool {
namespace {

// Names that are looked for in turn, so that not all is in the nearest cache.
constexpr std::uint32_t kNames = 64;

// Calls f(0) to f(count - 1); nanoseconds of one call.
template <typename F>
Result<double> time_each(std::uint64_t count, const F& f) {
  const Watch watch;
  for (std::uint64_t i = 0; i != count; ++i) SMF_TRY(f(i));
  return watch.ns() / static_cast<double>(count);
}

void add_hash_subjects(const SmfView& view, Subjects& to) {
  if (view.file().size() > kMostBenchmarkedBytes) {
    for (const char* const name : {"hash", "verify"})
      to.leave_out(name, "the file is too large for it to be quick");
    return;
  }
  to.list.push_back({.name = "hash",
                     .title = "the two hashes of the content",
                     .sample = [=](std::uint64_t) -> Result<double> {
                       const Watch watch;
                       SMF_ASSIGN(const ModuleHashes hashes, compute_hashes(view));
                       keep(hashes.module);
                       return watch.ns();
                     },
                     .bytes = view.file().size()});
  to.list.push_back({.name = "verify",
                     .title = "every check of the container, decompression included",
                     .sample = [=](std::uint64_t) -> Result<double> {
                       const Watch watch;
                       SMF_ASSIGN(const VerifyReport report, verify_module(view));
                       keep(report.errors);
                       return watch.ns();
                     },
                     .bytes = view.file().size()});
}

// Of symbols that can be read, spread over the table.
std::vector<std::string> some_symbols(const SmfView& view) {
  std::vector<std::string> names;
  const std::uint32_t step = std::max(view.symbol_count() / kNames, 1u);
  for (std::uint32_t i = 0; i < view.symbol_count() && names.size() < kNames; i += step) {
    const auto symbol = view.symbol(i);
    if (symbol && !symbol->name.empty()) names.emplace_back(symbol->name);
  }
  return names;
}

void add_symbol_subjects(const SmfView& view, Subjects& to) {
  auto present = some_symbols(view);
  if (present.empty()) {
    to.leave_out("find", "the module has no symbols");
    return;
  }
  auto missing = present;
  for (std::string& name : missing) name += "?";
  const char* const how = view.has_symbol_index() ? "with" : "without";
  const std::string all =
      fmt::format("{}, {} an index", counted(view.symbol_count(), "symbol"), how);
  const auto add = [&](const char* name, const char* what, std::vector<std::string> names) {
    to.list.push_back({.name = name,
                       .title = fmt::format("a symbol that is {}; {}", what, all),
                       .sample =
                           [view, names = std::move(names)](std::uint64_t count) {
                             return time_each(count, [&](std::uint64_t i) -> Result<void> {
                               SMF_ASSIGN(const auto symbol,
                                          view.find_symbol(names[i % names.size()]));
                               keep(symbol.has_value());
                               return {};
                             });
                           },
                       .is_short = true});
  };
  add("find/present", "there", std::move(present));
  add("find/missing", "not there", std::move(missing));
}

Result<void> add_decompression(const SmfView& view, Subjects& to) {
  std::vector<Section> sections;
  std::uint64_t stored = 0, content = 0;
  for (std::uint32_t i = 0; i < view.section_count(); ++i) {
    SMF_ASSIGN(const Section section, view.section(i));
    if (!section.compressed || content + section.virtual_size > kMostBenchmarkedBytes) continue;
    sections.push_back(section);
    stored += section.size;
    content += section.virtual_size;
  }
  if (sections.empty()) {
    to.leave_out("decompress", "no section is compressed, or none that is small enough");
    return {};
  }
  to.list.push_back(
      {.name = "decompress",
       .title = fmt::format("{}, compressed to 1/{:.2g}", counted(sections.size(), "section"),
                            static_cast<double>(content) / static_cast<double>(stored)),
       .sample = [view, sections](std::uint64_t) -> Result<double> {
         const Watch watch;
         for (const Section& section : sections) {
           SMF_ASSIGN(const ByteVector bytes,
                      decompress(view.stored(section), section.virtual_size));
           keep(bytes.data());
         }
         return watch.ns();
       },
       .bytes = content});
  return {};
}

std::vector<std::string> some_rows(const Note& note) {
  std::vector<std::string> names;
  const std::size_t rows = note.instantiation_count() + note.possible_count();
  for (std::size_t i = 0; i < rows && names.size() < kNames;
       i += std::max<std::size_t>(rows / kNames, 1)) {
    names.emplace_back(i < note.instantiation_count()
                           ? note.instantiation(i).mangled_name
                           : note.possible(i - note.instantiation_count()).mangled_name);
  }
  std::erase(names, "");
  return names;
}

Result<void> add_note_subjects(const SmfView& view, Subjects& to) {
  SMF_ASSIGN(const auto text, view.note());
  if (!text) {
    to.leave_out("note", "the module has no note");
    return {};
  }
  SMF_ASSIGN(const NoteSnapshot snapshot, NoteSnapshot::read(view));
  to.list.push_back({.name = "note/read",
                     .title = "the whole note",
                     .sample = [view](std::uint64_t) -> Result<double> {
                       const Watch watch;
                       SMF_ASSIGN(const NoteSnapshot read, NoteSnapshot::read(view));
                       keep(read.note().possible_count());
                       return watch.ns();
                     },
                     .bytes = text->size()});
  auto names = some_rows(snapshot.note());
  if (names.empty()) {
    to.leave_out("note/find", "no row of the note has a name");
    return {};
  }
  SMF_ASSIGN(NoteLookup opened, NoteLookup::open(view));
  const auto lookup = std::make_shared<NoteLookup>(std::move(opened));
  const std::size_t rows = snapshot.note().instantiation_count() + snapshot.note().possible_count();
  to.list.push_back(
      {.name = "note/find",
       .title = fmt::format("a row by its name; {}, {} an index", counted(rows, "row"),
                            lookup->has_index() ? "with" : "without"),
       .sample =
           [lookup, names = std::move(names)](std::uint64_t count) {
             return time_each(count, [&](std::uint64_t i) -> Result<void> {
               SMF_ASSIGN(const auto match, lookup->find(names[i % names.size()]));
               keep(match.has_value());
               return {};
             });
           },
       .is_short = true});
  return {};
}

}  // namespace

Result<void> add_content_subjects(const ModuleInput& input, Subjects& to) {
  add_hash_subjects(input.view(), to);
  add_symbol_subjects(input.view(), to);
  SMF_TRY(add_decompression(input.view(), to));
  // A note that does not read is the note's matter only.
  const std::size_t before = to.list.size();
  if (const auto added = add_note_subjects(input.view(), to); !added) {
    to.list.resize(before);
    to.leave_out("note", added.error().message);
  }
  return {};
}

Result<void> add_cache_subjects(const std::string& path, Subjects& to) {
  SMF_ASSIGN(SmfCache made, SmfCache::create());
  const auto cache = std::make_shared<SmfCache>(std::move(made));
  SMF_TRY(cache->prefetch(path));
  to.list.push_back({.name = "cache/hit",
                     .title = "get and let go a module that is in the cache",
                     .sample =
                         [cache, path](std::uint64_t count) {
                           return time_each(count, [&](std::uint64_t) -> Result<void> {
                             SMF_TRY(cache->get(path));
                             return {};
                           });
                         },
                     .is_short = true});
  to.list.push_back({.name = "cache/miss",
                     .title = "the same, when it is not: it is opened",
                     .sample = [cache, path](std::uint64_t) -> Result<double> {
                       cache->evict(path);
                       const Watch watch;
                       SMF_TRY(cache->get(path));
                       return watch.ns();
                     }});
  return {};
}

}  // namespace smf::tool
