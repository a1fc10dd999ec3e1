// smftool bench: how fast a module is on the machine it is on.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/os/machine.h"
#include "smftool/commands.h"
#include "smftool/counted.h"
#include "smftool/json_output.h"
#include "smftool/messages.h"
#include "smftool/module_benchmark.h"
#include "smftool/module_input.h"
#include "smftool/printable.h"
#include "smftool/progress.h"
#include "smftool/table.h"

namespace smf::tool {
namespace {

constexpr unsigned kMostSeconds = 3600;
constexpr double kAlike = 1.1;  // times: less is no difference worth telling

struct BenchOptions {
  std::string file{};
  std::vector<std::string> only{};
  unsigned seconds = 2;
  bool json = false;

  bool wants(std::string_view group) const {
    return only.empty() || std::ranges::find(only, group) != only.end();
  }
};

constexpr std::array<std::string_view, 10> kGroups = {
    "open", "touch", "first_touch", "hash", "verify", "find", "decompress", "note", "cache", "jit"};
constexpr std::size_t kFileGroups = 3;  // of these, the first: what nobody may map the file for

#if defined(__OPTIMIZE__)
constexpr bool kIsOptimised = true;
#else
constexpr bool kIsOptimised = false;
#endif

// "open" of "open_cold/mapped".
std::string_view group_of(std::string_view name) {
  name = name.substr(0, name.find('/'));
  return name.ends_with("_cold") ? name.substr(0, name.size() - 5) : name;
}

struct Ratio {
  std::string subject{};  // "open_cold"
  double mapped_by_read = 0;
};

struct Results {
  std::uint64_t size = 0;  // bytes of the file
  std::vector<Figure> figures{};
  std::vector<Ratio> ratios{};
  std::vector<LeftOut> left_out{};
};

std::string processor_name() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown processor";
}

// Measures what the options want of `subjects`, in a `share` of the time, and adds to the results.
void measure_wanted(const Context& context, const BenchOptions& options, double share,
                    Subjects subjects, Results& results) {
  const auto is_unwanted = [&](const auto& part) { return !options.wants(group_of(part.name)); };
  std::erase_if(subjects.list, is_unwanted);
  std::erase_if(subjects.left_out, is_unwanted);
  std::ranges::move(subjects.left_out, std::back_inserter(results.left_out));
  Progress progress(context, "measuring", Progress::Unit::kOther);
  const std::chrono::duration<double> time(share * options.seconds);
  auto figures = measure(subjects.list, std::chrono::duration_cast<std::chrono::nanoseconds>(time),
                         progress.callback());
  for (Figure& figure : figures) {
    if (figure.failure) {
      results.left_out.push_back({figure.name, figure.failure->message});
    } else {
      results.figures.push_back(std::move(figure));
    }
  }
}

const Figure* find_figure(const Results& results, const std::string& name) {
  const auto found = std::ranges::find(results.figures, name, &Figure::name);
  return found == results.figures.end() ? nullptr : &*found;
}

void compare(Results& results) {
  for (const std::string subject : {"open", "touch", "open_cold", "touch_cold"}) {
    const Figure* const mapped = find_figure(results, subject + "/mapped");
    const Figure* const read = find_figure(results, subject + "/read");
    if (mapped != nullptr && read != nullptr)
      results.ratios.push_back({subject, mapped->median / read->median});
  }
}

Result<Results> measure_module(const Context& context, const BenchOptions& options) {
  Results results;
  {
    SMF_ASSIGN(const ModuleInput input, ModuleInput::open(options.file));
    results.size = input.view().file().size();
  }
  const auto wants = [&](std::string_view group) { return options.wants(group); };
  const auto* const rest = kGroups.begin() + kFileGroups;
  const bool has_file = std::any_of(kGroups.begin(), rest, wants);
  const bool has_rest = std::any_of(rest, kGroups.end(), wants);
  const double share = has_file && has_rest ? 0.5 : 1;
  if (has_file) {
    Subjects file;
    SMF_TRY(add_file_subjects(options.file, file));
    measure_wanted(context, options, share, std::move(file), results);
  }
  compare(results);
  if (!has_rest) return results;
  SMF_ASSIGN(const ModuleInput input, ModuleInput::open(options.file));
  Subjects content;
  SMF_TRY(add_content_subjects(input, content));
  if (options.wants("cache")) SMF_TRY(add_cache_subjects(options.file, content));
  if (options.wants("jit")) SMF_TRY(add_jit_subjects(options.file, content));
  measure_wanted(context, options, share, std::move(content), results);
  return results;
}

// Digits that mean something: two where samples differ by more than a tenth, else three.
int digits_of(const Figure& figure) { return figure.p99 - figure.min > figure.median / 10 ? 2 : 3; }

std::string rounded(double value, int digits) {
  const int before = value > 0 ? static_cast<int>(std::floor(std::log10(value))) + 1 : 1;
  const double unit = std::pow(10, before - digits);
  return fmt::format("{:.{}f}", std::round(value / unit) * unit, std::max(digits - before, 0));
}

std::string time_text(double ns, int digits) {
  if (ns < 999.5) return rounded(ns, digits) + " ns";
  if (ns < 999.5e3) return rounded(ns / 1e3, digits) + " us";
  if (ns < 999.5e6) return rounded(ns / 1e6, digits) + " ms";
  return rounded(ns / 1e9, digits) + " s";
}

void print_figures(const Context& context, const Results& results) {
  Table table(context.out, is_coloured(context, context.out),
              {{"what"},
               {"median", Align::kRight},
               {"min", Align::kRight},
               {"p99", Align::kRight},
               {"samples", Align::kRight},
               {"of"}});
  for (const Figure& figure : results.figures) {
    const int digits = digits_of(figure);
    std::string title = figure.title;
    if (figure.bytes != 0)
      title += fmt::format("; {} GB/s", rounded(figure.bytes_per_ns(), digits));
    table.add_row({figure.name,
                   {time_text(figure.median, digits), Style::kBold},
                   time_text(figure.min, digits),
                   time_text(figure.p99, digits),
                   fmt::format("{}", figure.samples),
                   std::move(title)});
  }
}

std::string ratio_text(const Ratio& ratio) {
  const bool is_read_faster = ratio.mapped_by_read > 1;
  const double times = is_read_faster ? ratio.mapped_by_read : 1 / ratio.mapped_by_read;
  if (times < kAlike)
    return fmt::format("{}: mapping and reading take about the same", ratio.subject);
  return fmt::format("{}: {} is {} times as fast as {}", ratio.subject,
                     is_read_faster ? "reading" : "mapping", rounded(times, 2),
                     is_read_faster ? "mapping" : "reading");
}

void print_text(const Context& context, const BenchOptions& options, const Results& results) {
  const os::Machine machine = os::examine_machine();
  fmt::print(context.out, "{}, {}; {}, {}, {}, {}\n\n", printable(options.file),
             counted(results.size, "byte"), printable(processor_name()),
             counted(machine.allowed_processors, "processor"), machine.kernel, machine.arch);
  print_figures(context, results);
  if (!results.ratios.empty()) fmt::print(context.out, "\n");
  for (const Ratio& ratio : results.ratios) fmt::print(context.out, "{}\n", ratio_text(ratio));
  if (context.is_quiet) return;
  if (!kIsOptimised)
    warn(context, options.file, "this smftool was built without optimisation: code is far slower");
  if (results.left_out.empty()) return;
  fmt::print(context.out, "\n");
  for (std::size_t i = 0; i < results.left_out.size(); ++i) {
    std::string names = results.left_out[i].name;
    const std::string& why = results.left_out[i].why;
    while (i + 1 < results.left_out.size() && results.left_out[i + 1].why == why)
      names += ", " + results.left_out[++i].name;
    fmt::print(context.out, "not measured: {}: {}\n", names, printable(why));
  }
}

// Four digits, which is more than mean anything.
Json shortened(double value) {
  const std::string text = fmt::format("{:.4g}", value);
  double out = value;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out < 1000 ? Json(out) : Json(static_cast<std::uint64_t>(out));
}

Json json_of(const Figure& figure) {
  Json json = {{"name", figure.name},
               {"about", figure.title},
               {"unit", "ns"},
               {"median", shortened(figure.median)},
               {"min", shortened(figure.min)},
               {"p99", shortened(figure.p99)},
               {"samples", figure.samples},
               {"operations", figure.operations}};
  if (figure.bytes != 0) {
    json["bytes"] = figure.bytes;
    json["gb_per_s"] = shortened(figure.bytes_per_ns());
  }
  return json;
}

void print_json(const Context& context, const BenchOptions& options, const Results& results) {
  const os::Machine machine = os::examine_machine();
  JsonOutput json(context.out, "smf.bench/1");
  json.field("path", options.file);
  json.field("size", results.size);
  json.field("optimised", kIsOptimised);
  json.field("machine", {{"processor", processor_name()},
                         {"processors", machine.allowed_processors},
                         {"kernel", machine.kernel},
                         {"arch", machine.arch},
                         {"page_size", machine.page_size}});
  json.begin_array("figures");
  for (const Figure& figure : results.figures) json.element(json_of(figure));
  json.end();
  json.begin_array("ratios");
  for (const Ratio& ratio : results.ratios) {
    json.element(
        {{"name", ratio.subject + ": mapped/read"}, {"value", shortened(ratio.mapped_by_read)}});
  }
  json.end();
  json.begin_array("left_out");
  for (const LeftOut& part : results.left_out)
    json.element({{"name", part.name}, {"why", part.why}});
  json.end();
}

Result<ExitStatus> run(const Context& context, const BenchOptions& options) {
  for (const std::string& group : options.only) {
    if (std::ranges::find(kGroups, group) == kGroups.end())
      return wrong_usage(
          fmt::format("--only: '{}' is none of {}", group, fmt::join(kGroups, ", ")));
  }
  if (options.seconds < 1 || options.seconds > kMostSeconds) {
    return wrong_usage(
        fmt::format("--seconds: expected 1 to {}, not {}", kMostSeconds, options.seconds));
  }
  if (options.file == "-")
    return wrong_usage("bench opens FILE again and again, which '-' cannot be");
  SMF_ASSIGN(const Results results, measure_module(context, options));
  if (options.json) {
    print_json(context, options, results);
  } else {
    print_text(context, options, results);
  }
  return ExitStatus::kDone;
}

}  // namespace

void add_bench(Command tool) {
  Command command = tool.command("bench", "Measure how fast a module is on this machine");
  const auto options = std::make_shared<BenchOptions>();
  command.argument("FILE", options->file, "A module, which is not changed");
  command.option("--seconds", options->seconds, "Time to spend, about (default 2)").value("N");
  command.list("--only", options->only, "Measure this part only")
      .value(fmt::format("{}", fmt::join(kGroups, "|")));
  command.flag("--json", options->json, "One JSON document, schema smf.bench/1");
  command.examples(
      "smftool bench app.smf\n"
      "smftool bench --only open --only touch --seconds 5 app.smf     to read or to map?");
  command.runs([options](const Context& context) { return run(context, *options); });
}

}  // namespace smf::tool
