// SDN against JSON: the 100 000 rows (10 000 by --quick) of a large module's note.sdn, read and
// written, beside the same rows as a JSON array of objects through simdjson's DOM and through
// nlohmann_json.
//
//   ./bazelw run -c opt //bench:sdn_bench
//
// Every reader starts from a text in memory and ends with a document in which each cell can be
// looked at; buffers are warm for all, simdjson's parser is reused as its documentation advises.
// What was read is checked before anything is timed. The rate is of each format's own text, which
// in JSON repeats the columns' names; the ratio is of times for the same rows.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <simdjson.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "bench/instructions.h"
#include "bench/json_version.h"
#include "bench/ratios.h"
#include "bench/results.h"
#include "runtime/base/check.h"
#include "runtime/sdn/document.h"
#include "runtime/sdn/writer.h"

namespace smf::bench {
namespace {

[[maybe_unused]] const bool kIsTold =
    tell_library("simdjson", fmt::format("{}.{}.{}", int{simdjson::SIMDJSON_VERSION_MAJOR},
                                         int{simdjson::SIMDJSON_VERSION_MINOR},
                                         int{simdjson::SIMDJSON_VERSION_REVISION}));

int rows() { return results().is_brief ? 10'000 : 100'000; }

struct Row {
  std::string base, argument, mangled, file, location;
};

Row row(int i) {
  constexpr std::string_view kBases[] = {"List", "Map", "Option", "Result", "Tree", "Queue"};
  constexpr std::string_view kArguments[] = {"Int", "text", "Float", "List<Int>", "bool", "User"};
  const std::string base(kBases[i % 6]);
  const std::string argument = fmt::format("{}{}", kArguments[i / 6 % 6], i / 36);
  const std::string file = fmt::format("src/module_{}.spl", i % 97);
  return {base, argument, base + "$" + argument, file, fmt::format("{}:{}:5", file, i % 1000)};
}

const std::string& sdn_text() {
  static const std::string kText = [] {
    std::string text =
        "instantiations |id, template, type_args, mangled_name, from_file, from_loc, to_obj, "
        "status|\n";
    for (int i = 0; i < rows(); ++i) {
      const Row r = row(i);
      text += fmt::format(R"(    {}, "{}", "{}", "{}", "{}", "{}", "app.o", "compiled")", i, r.base,
                          r.argument, r.mangled, r.file, r.location) +
              "\n";
    }
    return text;
  }();
  return kText;
}

const simdjson::padded_string& json_text() {
  static const simdjson::padded_string kText = [] {
    std::string text = R"({"instantiations":[)";
    for (int i = 0; i < rows(); ++i) {
      const Row r = row(i);
      text += fmt::format(
          R"({}{{"id":{},"template":"{}","type_args":"{}","mangled_name":"{}","from_file":"{}",)"
          R"("from_loc":"{}","to_obj":"app.o","status":"compiled"}})",
          i == 0 ? "" : ",", i, r.base, r.argument, r.mangled, r.file, r.location);
    }
    return simdjson::padded_string(text + "]}");
  }();
  return kText;
}

void set_rate(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

void read_ours(benchmark::State& state) {
  const std::string& text = sdn_text();
  const auto check = sdn::parse(text);
  SMF_CHECK(check && std::cmp_equal(check->get("instantiations")->as_table()->row_count(), rows()));
  const std::string last = fmt::format("instantiations.{}.status", rows() - 1);
  SMF_CHECK(check->get(last)->as_string() == "compiled");
  for (auto _ : state) {
    const auto document = sdn::parse(text);
    benchmark::DoNotOptimize(document->root());
  }
  set_rate(state, text.size());
}

void read_simdjson(benchmark::State& state) {
  const simdjson::padded_string& text = json_text();
  simdjson::dom::parser parser;
  SMF_CHECK(std::cmp_equal(parser.parse(text)["instantiations"].get_array().size(), rows()));
  for (auto _ : state) {
    simdjson::dom::element document;
    SMF_CHECK(parser.parse(text).get(document) == simdjson::SUCCESS);
    benchmark::DoNotOptimize(document);
  }
  set_rate(state, text.size());
}

void read_nlohmann(benchmark::State& state) {
  const std::string_view text(json_text());
  for (auto _ : state) {
    const auto document = nlohmann::json::parse(text);
    SMF_CHECK(std::cmp_equal(document["instantiations"].size(), rows()));
  }
  set_rate(state, text.size());
}

void write_ours(benchmark::State& state) {
  const auto document = sdn::parse(sdn_text());
  for (auto _ : state) {
    const auto text = sdn::write(document->root(), {.cells = sdn::Quoting::kEveryString});
    SMF_CHECK(text && text->size() == sdn_text().size());
  }
  set_rate(state, sdn_text().size());
}

void write_nlohmann(benchmark::State& state) {
  const auto document = nlohmann::json::parse(std::string_view(json_text()));
  for (auto _ : state) {
    const std::string text = document.dump();
    SMF_CHECK(text.size() > sdn_text().size());
  }
  set_rate(state, json_text().size());
}

void register_all() {
  register_deterministic("read_note/ours", 1, read_ours)->Unit(benchmark::kMillisecond);
  register_deterministic("read_note/simdjson_dom", 1, read_simdjson)->Unit(benchmark::kMillisecond);
  // Not deterministic: one count in three was another.
  benchmark::RegisterBenchmark("read_note/nlohmann_json", read_nlohmann)
      ->Unit(benchmark::kMillisecond);
  register_deterministic("write_note/ours", 1, write_ours)->Unit(benchmark::kMillisecond);
  register_deterministic("write_note/nlohmann_json", 1, write_nlohmann)
      ->Unit(benchmark::kMillisecond);
}

}  // namespace
}  // namespace smf::bench

int main(int argc, char** argv) {
  smf::bench::register_all();
  return smf::bench::run_benchmarks(argc, argv);
}
