// Finding one instantiation in a module whose note has 100 000 rows (10 000 by --quick), and moving
// one from `possible` to `instantiations`.
//
//   ./bazelw run -c opt //bench:note_bench
//
// find_random, find_hot and find_by_arguments: pages and tables are warm on both sides; the peer is
// a hash table over the whole note parsed before. first_find starts from a file that nobody has
// mapped, its pages in the page cache: ours maps, opens and finds; the peers parse all of it and
// find the row in a hash table, or, with simdjson's DOM, by scanning the same rows as JSON. Its
// counters are page faults of this thread: of mapping and opening, and of find() alone, as the
// kernel counts them (it may map sixteen pages at one fault; lookup_cost_test.cc counts pages).
// promote: the same row by the library's way in place, and by rewriting the file, as a module
// without room would need; `syncs` are calls of fsync and fdatasync for one.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <simdjson.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "bench/instructions.h"
#include "bench/ratios.h"
#include "bench/results.h"
#include "bench/temporary_folder.h"
#include "runtime/base/check.h"
#include "runtime/format/builder.h"
#include "runtime/note/lookup.h"
#include "runtime/note/pack.h"
#include "runtime/note/update.h"
#include "runtime/os/input_file.h"
#include "runtime/os/output_file.h"

namespace smf::bench {
namespace {

[[maybe_unused]] const bool kIsTold =
    tell_library("simdjson", fmt::format("{}.{}.{}", int{simdjson::SIMDJSON_VERSION_MAJOR},
                                         int{simdjson::SIMDJSON_VERSION_MINOR},
                                         int{simdjson::SIMDJSON_VERSION_REVISION}));

// Every other one in `possible`.
int rows() { return results().is_brief ? 10'000 : 100'000; }

struct Names {
  std::string base, arguments, mangled, file, location;
};

Names names_of(int i) {
  constexpr std::string_view kBases[] = {"List", "Map", "Option", "Result", "Tree", "Queue"};
  constexpr std::string_view kArguments[] = {"Int", "text", "Float", "List<Int>", "bool", "User"};
  const std::string base(kBases[i % 6]);
  const std::string arguments = i == 0 ? "Int" : fmt::format("{}{}", kArguments[i / 6 % 6], i / 36);
  const std::string file = fmt::format("src/module_{}.spl", i % 97);
  return {base, arguments, base + "$" + arguments, file, fmt::format("{}:{}:5", file, i % 1000)};
}

std::string note_text() {
  std::string made =
      "instantiations |id, template, type_args, mangled_name, from_file, from_loc, to_obj, "
      "status|\n";
  std::string possible =
      "possible |id, template, type_args, mangled_name, required_by, can_defer|\n";
  for (int i = 0; i < rows(); ++i) {
    const Names n = names_of(i);
    if (i % 2 == 0) {
      made +=
          fmt::format("    {}, \"{}\", \"{}\", \"{}\", \"{}\", \"{}\", \"app.o\", \"compiled\"\n",
                      i, n.base, n.arguments, n.mangled, n.file, n.location);
    } else {
      possible += fmt::format("    {}, \"{}\", \"{}\", \"{}\", \"{}\", true\n", i, n.base,
                              n.arguments, n.mangled, n.file);
    }
  }
  return possible + "\n" + made + "\n# END_NOTE\n";
}

simdjson::padded_string json_text() {
  std::string text = R"({"instantiations":[)";
  for (int i = 0; i < rows(); ++i) {
    const Names n = names_of(i);
    text += fmt::format(
        R"({}{{"id":{},"template":"{}","type_args":"{}","mangled_name":"{}","from_file":"{}",)"
        R"("from_loc":"{}","to_obj":"app.o","status":"compiled"}})",
        i == 0 ? "" : ",", i, n.base, n.arguments, n.mangled, n.file, n.location);
  }
  return simdjson::padded_string(text + "]}");
}

// A folder with the module, and the same rows as JSON, that goes when the program ends.
class Workspace {
 public:
  Workspace() {
    folder_ = own_path("note_bench");
    std::filesystem::create_directory(folder_);
    const auto packed = pack_note(note_text());
    SMF_CHECK(packed && std::cmp_equal(packed->row_count, rows()));
    ModuleSpec spec;
    spec.sections.push_back({.name = "code",
                             .type = static_cast<std::uint8_t>(SectionType::kCode),
                             .flags = kSectionRead | kSectionExec,
                             .alignment = 16,
                             .payload = text_source(std::string(1u << 16, '\xC3'))});
    put_note(*packed, spec);
    for (const char* name : {"module.smf", "updated.smf", "rewritten.smf"}) {
      auto out = os::OutputFile::create(path(name));
      SMF_CHECK(out && build_module(spec, {}, *out) && out->commit());
    }
    auto out = os::OutputFile::create(path("rows.json"));
    const simdjson::padded_string json = json_text();
    SMF_CHECK(out && out->append(as_bytes(std::string_view(json))) && out->commit());
  }
  ~Workspace() { std::filesystem::remove_all(folder_); }
  std::string path(const char* name) const { return (folder_ / name).string(); }

 private:
  std::filesystem::path folder_;
};

const Workspace& workspace() {
  static const Workspace instance;
  return instance;
}

// The module, mapped for as long as the program runs.
struct Mapped {
  Mapped() : file(os::FileBytes::map(workspace().path("module.smf")).value()) {}
  os::FileBytes file;
  SmfView view = SmfView::open(file.bytes()).value();
  NoteLookup lookup = NoteLookup::open(view).value();
  Note note = Note::parse(view.note()->value()).value();
};

Mapped& mapped() {
  static Mapped instance;
  return instance;
}

std::string_view name_in(const NoteMatch& match) {
  return std::visit([](const auto& row) { return row.mangled_name; }, match);
}

std::string_view name_in(const Note& note, const Note::Place& place) {
  return place.is_possible ? note.possible(place.row).mangled_name
                           : note.instantiation(place.row).mangled_name;
}

const std::vector<Names>& names_in_random_order() {
  static const std::vector<Names> kNames = [] {
    std::vector<Names> names;
    names.reserve(static_cast<std::size_t>(rows()));
    for (int i = 0; i < rows(); ++i) names.push_back(names_of(i));
    std::ranges::shuffle(names, std::mt19937(1));
    return names;
  }();
  return kNames;
}

// Every name gives its row, from the index and from the hash table alike.
void check_finds() {
  static bool is_checked = false;
  if (std::exchange(is_checked, true)) return;
  Mapped& module = mapped();
  for (int i = 0; i < rows(); ++i) {
    const Names n = names_of(i);
    const auto ours = module.lookup.find(n.mangled);
    SMF_CHECK(ours && *ours && name_in(**ours) == n.mangled);
    SMF_CHECK(std::holds_alternative<PossibleRow>(**ours) == (i % 2 == 1));
    const auto place = module.note.find(n.mangled);
    SMF_CHECK(place && place->is_possible == (i % 2 == 1));
  }
  SMF_CHECK(module.lookup.has_index() && !module.lookup.has_read_all());
}

// --- Warm ---

void find_ours(benchmark::State& state, bool is_random) {
  check_finds();
  NoteLookup& lookup = mapped().lookup;
  const std::vector<Names>& names = names_in_random_order();
  std::size_t at = 0;
  for (auto _ : state) {
    const auto found = lookup.find(is_random ? names[at].mangled : std::string_view("List$Int"));
    SMF_CHECK(found && *found);
    at = at + 1 == names.size() ? 0 : at + 1;
  }
}

// With the row's fields, as a look-up gives them.
void find_in_hash(benchmark::State& state, bool is_random) {
  check_finds();
  const Note& note = mapped().note;
  const std::vector<Names>& names = names_in_random_order();
  std::size_t at = 0;
  for (auto _ : state) {
    const auto place = note.find(is_random ? names[at].mangled : std::string_view("List$Int"));
    SMF_CHECK(place);
    benchmark::DoNotOptimize(name_in(note, *place));
    at = at + 1 == names.size() ? 0 : at + 1;
  }
}

void find_arguments_ours(benchmark::State& state) {
  check_finds();
  NoteLookup& lookup = mapped().lookup;
  const std::vector<Names>& names = names_in_random_order();
  std::size_t at = 0;
  for (auto _ : state) {
    const auto found = lookup.find(names[at].base, names[at].arguments);
    SMF_CHECK(found && *found);
    at = at + 1 == names.size() ? 0 : at + 1;
  }
  SMF_CHECK(!lookup.has_read_all());
}

void find_arguments_in_hash(benchmark::State& state) {
  check_finds();
  const Note& note = mapped().note;
  const std::vector<Names>& names = names_in_random_order();
  std::size_t at = 0;
  for (auto _ : state) {
    const auto place = note.find(names[at].base, names[at].arguments);
    SMF_CHECK(place);
    benchmark::DoNotOptimize(name_in(note, *place));
    at = at + 1 == names.size() ? 0 : at + 1;
  }
}

// --- From a file that nobody has mapped ---

std::int64_t faults() {
  rusage usage{};
  SMF_CHECK(::getrusage(RUSAGE_THREAD, &usage) == 0);
  return usage.ru_minflt + usage.ru_majflt;
}

void first_find_ours(benchmark::State& state) {
  const std::vector<Names>& names = names_in_random_order();
  const std::string path = workspace().path("module.smf");
  std::int64_t opening = 0, finding = 0, most = 0;
  std::size_t at = 0;
  for (auto _ : state) {
    const std::int64_t before = faults();
    const auto file = os::FileBytes::map(path);
    const auto view = SmfView::open(file->bytes());
    auto lookup = NoteLookup::open(*view);
    SMF_CHECK(lookup && lookup->has_index());
    const std::int64_t opened = faults();
    const auto found = lookup->find(names[at].mangled);
    SMF_CHECK(found && *found);
    const std::int64_t done = faults();
    opening += opened - before;
    finding += done - opened;
    most = std::max(most, done - opened);
    at = at + 1 == names.size() ? 0 : at + 1;
  }
  using benchmark::Counter;
  state.counters["faults_open"] = Counter(static_cast<double>(opening), Counter::kAvgIterations);
  state.counters["faults_find"] = Counter(static_cast<double>(finding), Counter::kAvgIterations);
  state.counters["faults_find_max"] = static_cast<double>(most);
}

void first_find_parsed(benchmark::State& state) {
  const std::string path = workspace().path("module.smf");
  const std::int64_t before = faults();
  for (auto _ : state) {
    const auto file = os::FileBytes::map(path);
    const auto view = SmfView::open(file->bytes());
    const auto note = Note::parse(view->note()->value());
    SMF_CHECK(note && note->find("List$Int"));
  }
  state.counters["faults"] = benchmark::Counter(static_cast<double>(faults() - before),
                                                benchmark::Counter::kAvgIterations);
}

void first_find_simdjson(benchmark::State& state) {
  const std::string path = workspace().path("rows.json");
  simdjson::dom::parser parser;
  for (auto _ : state) {
    simdjson::dom::element document;
    SMF_CHECK(parser.load(path).get(document) == simdjson::SUCCESS);
    // The last row: half of them on average would be twice as fast, and parsing is most of it.
    const std::string wanted = names_of(rows() - 1).mangled;
    bool is_found = false;
    for (const simdjson::dom::element row : document["instantiations"].get_array())
      is_found |= std::string_view(row["mangled_name"]) == wanted;
    SMF_CHECK(is_found);
  }
}

// --- Promotion ---

class CountingCalls : public os::SystemCalls {
 public:
  int fsync(int fd) override { return ++syncs, SystemCalls::fsync(fd); }
  int fdatasync(int fd) override { return ++syncs, SystemCalls::fdatasync(fd); }
  int syncs = 0;
};

void set_syncs(benchmark::State& state, const CountingCalls& calls) {
  state.counters["syncs"] =
      benchmark::Counter(static_cast<double>(calls.syncs), benchmark::Counter::kAvgIterations);
}

void promote_ours(benchmark::State& state) {
  static int next = 1;
  CountingCalls calls;
  auto updater = NoteUpdater::open(workspace().path("updated.smf"), calls);
  SMF_CHECK(updater);
  for (auto _ : state) {
    const auto update = updater->promote({.mangled_name = names_of(next).mangled,
                                          .from_file = "src/main.spl",
                                          .from_loc = "src/main.spl:1:1:jit"});
    SMF_CHECK(update && update->changed == 1 && !update->was_rewritten);
    next += 2;
  }
  set_syncs(state, calls);
}

// A row for `possible` takes the rewrite that a promotion without room takes.
void promote_by_rewriting(benchmark::State& state) {
  static int next = 0;
  CountingCalls calls;
  auto updater = NoteUpdater::open(workspace().path("rewritten.smf"), calls);
  SMF_CHECK(updater);
  for (auto _ : state) {
    const NotePossibleRow row{.template_name = "New",
                              .type_args = std::to_string(next),
                              .mangled_name = fmt::format("New${}", next)};
    const auto update = updater->add(std::span(&row, 1));
    SMF_CHECK(update && update->changed == 1 && update->was_rewritten);
    ++next;
  }
  set_syncs(state, calls);
}

void register_all() {
  using benchmark::RegisterBenchmark;
  register_deterministic("find_random/ours", 1000, find_ours, true);
  register_deterministic("find_random/hash_of_parsed_note", 1000, find_in_hash, true);
  register_deterministic("find_hot/ours", 1000, find_ours, false);
  register_deterministic("find_hot/hash_of_parsed_note", 1000, find_in_hash, false);
  register_deterministic("find_by_arguments/ours", 1000, find_arguments_ours);
  register_deterministic("find_by_arguments/hash_of_parsed_note", 1000, find_arguments_in_hash);
  register_deterministic("first_find/ours", 100, first_find_ours);
  RegisterBenchmark("first_find/parse_all", first_find_parsed)->Iterations(5);
  RegisterBenchmark("first_find/simdjson_dom", first_find_simdjson)->Iterations(5);
  RegisterBenchmark("promote/ours", promote_ours)->UseRealTime()->Iterations(100);
  RegisterBenchmark("promote/whole_file", promote_by_rewriting)->UseRealTime()->Iterations(2);
}

}  // namespace
}  // namespace smf::bench

int main(int argc, char** argv) {
  smf::bench::register_all();
  return smf::bench::run_benchmarks(argc, argv);
}
