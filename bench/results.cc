#include "bench/results.h"

#include <fmt/format.h>

#include <algorithm>

#include "bench/summary.h"
#include "runtime/base/bytes.h"
#include "runtime/os/output_file.h"

namespace smf::bench {
namespace {

using nlohmann::json;

constexpr int kSchema = 1;
constexpr std::string_view kOurs = "/ours";

std::string_view subject_of(std::string_view name) { return name.substr(0, name.find('/')); }
std::string_view who_of(std::string_view name) {
  const auto slash = name.find('/');
  return slash == std::string_view::npos ? std::string_view() : name.substr(slash + 1);
}

const Figure* find(std::span<const Figure> figures, std::string_view name, std::string_view unit) {
  const auto found = std::ranges::find_if(
      figures, [&](const Figure& each) { return each.name == name && each.unit == unit; });
  return found == figures.end() ? nullptr : &*found;
}

json to_json(const Figure& figure) {
  json made = {{"name", figure.name},
               {"unit", figure.unit},
               {"better", figure.is_higher_better ? "higher" : "lower"},
               {"samples", figure.samples},
               {"exact", figure.is_exact}};
  if (!figure.cold.empty()) made["cold"] = figure.cold;
  return made;
}

json to_json(const Ratio& ratio) {
  return {{"name", ratio.name},  {"unit", ratio.unit},        {"ours", ratio.ours},
          {"peer", ratio.peer},  {"paired", ratio.is_paired}, {"samples", ratio.samples},
          {"value", ratio.value}};
}

json to_json(const Distribution& of) {
  return {{"name", of.name},   {"unit", "ns"},  {"count", of.count},
          {"group", of.group}, {"p50", of.p50}, {"p90", of.p90},
          {"p99", of.p99},     {"max", of.max}, {"clock_ns", of.clock_ns}};
}

json to_json(const Stages& stages) {
  json parts = json::array();
  for (const auto& [name, ns] : stages.parts) parts.push_back({{"name", name}, {"value", ns}});
  return {{"name", stages.name}, {"unit", "ns"}, {"parts", std::move(parts)}};
}

json to_json(const LeftOut& what) { return {{"name", what.name}, {"why", what.why}}; }

template <typename T>
json array_of(const std::vector<T>& all) {
  json made = json::array();
  for (const T& each : all) made.push_back(to_json(each));
  return made;
}

}  // namespace

Results& results() {
  static Results instance;
  return instance;
}

void add_exact(std::string name, std::string unit, double value, bool is_higher_better) {
  results().figures.push_back({.name = std::move(name),
                               .unit = std::move(unit),
                               .is_higher_better = is_higher_better,
                               .samples = {value},
                               .is_exact = true});
}

std::string as_name(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const bool stays = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '.' || c == '-';
    if (stays) {
      name += c;
    } else if (!name.empty() && name.back() != '_') {
      name += '_';
    }
  }
  if (name.ends_with('_')) name.pop_back();
  return name;
}

bool tell_library(std::string_view name, std::string_view version) {
  results().environment.libraries[std::string(name)] = version;
  return true;
}

void tell_left_out(std::initializer_list<std::string_view> libraries, std::string_view why) {
  Results& found = results();
  for (const std::string_view library : libraries) {
    if (!found.environment.libraries.contains(std::string(library)))
      found.left_out.push_back({std::string(library), std::string(why)});
  }
}

std::vector<Ratio> ratios_of(std::span<const Figure> figures) {
  std::vector<Ratio> ratios;
  for (const Figure& peer : figures) {
    const std::string ours_name = std::string(subject_of(peer.name)).append(kOurs);
    if (peer.name == ours_name || who_of(peer.name).empty() || peer.samples.empty()) continue;
    const Figure* const ours = find(figures, ours_name, peer.unit);
    if (ours == nullptr || ours->samples.empty() || median(peer.samples) == 0) continue;
    Ratio ratio{.name = fmt::format("{}: ours/{}", subject_of(peer.name), who_of(peer.name)),
                .unit = peer.unit,
                .ours = ours_name,
                .peer = peer.name,
                .value = median(ours->samples) / median(peer.samples)};
    for (std::size_t i = 0; i < std::min(ours->samples.size(), peer.samples.size()); ++i) {
      if (peer.samples[i] != 0) ratio.samples.push_back(ours->samples[i] / peer.samples[i]);
    }
    ratios.push_back(std::move(ratio));
  }
  return ratios;
}

void print_ratios(std::span<const Ratio> ratios, std::span<const Figure> figures) {
  fmt::print("\n{:<24} {:<28} {:>15} {:>15}  {:<12} {:>9}\n", "subject", "peer", "ours", "peer's",
             "unit", "ours/peer");
  for (const Ratio& ratio : ratios) {
    const Figure* const ours = find(figures, ratio.ours, ratio.unit);
    const Figure* const peer = find(figures, ratio.peer, ratio.unit);
    if (ours == nullptr || peer == nullptr) continue;
    fmt::print("{:<24} {:<28} {:>15.3f} {:>15.3f}  {:<12} {:>9.4g}\n", subject_of(ratio.peer),
               who_of(ratio.peer), median(ours->samples), median(peer->samples), ratio.unit,
               ratio.value);
  }
}

json to_json(const Results& results) {
  return {{"schema", kSchema},
          {"benchmark", results.benchmark},
          {"brief", results.is_brief},
          {"environment", to_json(results.environment)},
          {"figures", array_of(results.figures)},
          {"ratios", array_of(results.ratios)},
          {"distributions", array_of(results.distributions)},
          {"stages", array_of(results.stages)},
          {"matrix", results.matrix},
          {"break_even", results.break_even},
          {"machine", results.machine},
          {"left_out", array_of(results.left_out)}};
}

Result<void> write_results(const Results& results, const std::string& path) {
  // The destination is there only when commit() has renamed the temporary.
  SMF_ASSIGN(os::OutputFile out, os::OutputFile::create(path));
  SMF_TRY(out.append(as_bytes(to_json(results).dump(1) + "\n")));
  return out.commit();
}

}  // namespace smf::bench
