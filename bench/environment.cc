#include "bench/environment.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <tuple>
#include <utility>

#include "bench/compile_flags.h"
#include "runtime/base/bytes.h"
#include "runtime/os/input_file.h"
#include "runtime/os/machine.h"

#if defined(__GLIBC__)
#include <gnu/libc-version.h>
#endif

namespace smf::bench {
namespace {

std::string text_of(const std::string& path) {
  const auto file = os::FileBytes::load(path);
  return file ? std::string(as_text(file->bytes())) : std::string();
}

std::string first_line(const std::string& path) {
  const std::string text = text_of(path);
  return text.substr(0, text.find('\n'));
}

// What follows `name` and a colon in a file of such lines.
std::string line_of(const std::string& path, std::string_view name) {
  const std::string text = text_of(path);
  const auto line = text.find(name);
  if (line == std::string::npos) return {};
  const auto from = text.find_first_not_of(": \t", line + name.size());
  if (from == std::string::npos) return {};
  return text.substr(from, text.find('\n', from) - from);
}

std::uint64_t memory_of(std::string_view name) {
  const std::string text = line_of("/proc/meminfo", name);
  std::uint64_t kib = 0;
  std::from_chars(text.data(), text.data() + text.size(), kib);
  return kib * 1024;
}

// Arm's kernel tells numbers only.
std::string processor_name() {
  std::string name = line_of("/proc/cpuinfo", "model name");
  if (!name.empty()) return name;
  const std::string implementer = line_of("/proc/cpuinfo", "CPU implementer");
  if (implementer.empty()) return "unknown";
  return fmt::format("implementer {} part {}", implementer, line_of("/proc/cpuinfo", "CPU part"));
}

std::string turbo_state() {
  const std::string not_allowed = first_line("/sys/devices/system/cpu/intel_pstate/no_turbo");
  if (!not_allowed.empty()) return not_allowed == "0" ? "on" : "off";
  const std::string allowed = first_line("/sys/devices/system/cpu/cpufreq/boost");
  if (!allowed.empty()) return allowed == "1" ? "on" : "off";
  return "unknown";
}

std::string governor_name() {
  const std::string name = first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  return name.empty() ? "none" : name;
}

std::string libc_version() {
#if defined(__GLIBC__)
  return fmt::format("glibc {}", ::gnu_get_libc_version());
#else
  return "unknown";
#endif
}

std::string compiler_version() {
#if defined(__clang__)
  return fmt::format("clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
  return fmt::format("gcc {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

double load_now() {
  const std::string text = first_line("/proc/loadavg");
  double load = 0;
  std::from_chars(text.data(), text.data() + text.size(), load);
  return load;
}

// Of all processors since the machine was started, in ticks: stolen, and all.
std::pair<double, double> time_so_far() {
  // user nice system idle iowait irq softirq steal; what guests took is in user and nice again.
  constexpr std::size_t kFields = 8, kSteal = 7;
  const std::string line = first_line("/proc/stat");
  std::array<double, kFields> ticks{};
  const char* at = line.data() + std::min(line.find_first_of("0123456789"), line.size());
  const char* const end = line.data() + line.size();
  double sum = 0;
  for (double& each : ticks) {
    while (at != end && *at == ' ') ++at;
    at = std::from_chars(at, end, each).ptr;
    sum += each;
  }
  return {ticks[kSteal], sum};
}

}  // namespace

Environment examine_environment(const std::string& file_system) {
  const os::Machine machine = os::examine_machine();
  return {.processor = processor_name(),
          .processors = machine.processors,
          .memory = memory_of("MemTotal"),
          .page_size = machine.page_size,
          .kernel = machine.kernel,
          .arch = machine.arch,
          .governor = governor_name(),
          .turbo = turbo_state(),
          .huge_pages = machine.transparent_huge_pages.value_or("none"),
          .aslr = machine.randomize_va_space,
          .file_system = file_system,
          .libc = libc_version(),
          .compiler = compiler_version(),
          .flags = SMF_COMPILE_FLAGS,
          .build = SMF_COMPILATION_MODE};
}

Disturbance::Disturbance() : load_(load_now()) { std::tie(stolen_, all_) = time_so_far(); }

void Disturbance::tell(Environment& environment) const {
  const auto [stolen, all] = time_so_far();
  environment.load_before = load_;
  environment.load_after = load_now();
  environment.steal_percent = all > all_ ? 100 * (stolen - stolen_) / (all - all_) : 0;
}

std::uint64_t available_memory() { return memory_of("MemAvailable"); }

nlohmann::json to_json(const Environment& e) {
  nlohmann::json json = {{"processor", e.processor},
                         {"processors", e.processors},
                         {"memory", e.memory},
                         {"page_size", e.page_size},
                         {"kernel", e.kernel},
                         {"arch", e.arch},
                         {"governor", e.governor},
                         {"turbo", e.turbo},
                         {"huge_pages", e.huge_pages},
                         {"file_system", e.file_system},
                         {"libc", e.libc},
                         {"compiler", e.compiler},
                         {"flags", e.flags},
                         {"build", e.build},
                         {"libraries", e.libraries},
                         {"load_before", e.load_before},
                         {"load_after", e.load_after},
                         {"steal_percent", e.steal_percent}};
  if (e.aslr) json["aslr"] = *e.aslr;
  return json;
}

}  // namespace smf::bench
