// smftool doctor: what this machine allows, what that means, and what to do about it.

#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/exec/code_memory.h"
#include "runtime/format/compression.h"
#include "runtime/os/machine.h"
#include "smftool/commands.h"
#include "smftool/json_output.h"
#include "smftool/table.h"

namespace smf::tool {
namespace {

enum class Health { kGood, kLimited, kBad, kFact };

std::string_view health_name(Health health) {
  switch (health) {
    case Health::kGood:
      return "good";
    case Health::kLimited:
      return "limited";
    case Health::kBad:
      return "bad";
    case Health::kFact:
      return "fact";
  }
  return "?";
}

struct Check {
  std::string name;
  Health health = Health::kFact;
  std::string value{};
  std::string meaning{};
  std::string advice{};  // empty where there is nothing to do
};

std::string outcome(const os::Attempt& attempt) {
  return attempt.succeeded ? "works" : attempt.failure;
}

std::string number_text(const std::optional<long>& number) {
  return number ? fmt::format("{}", *number) : "not there";
}

void check_basics(const os::Machine& machine, std::vector<Check>& checks) {
  checks.push_back({.name = "system",
                    .value = fmt::format("{} {}", machine.kernel, machine.arch),
                    .meaning = "kernel and processor"});
  checks.push_back(
      {.name = "processors",
       .value = fmt::format("{} of {}", machine.allowed_processors, machine.processors),
       .meaning = "threads that --jobs uses by default"});
  checks.push_back({.name = "page size",
                    .value = fmt::format("{}", machine.page_size),
                    .meaning = "what mapped sections are rounded to"});
  if (machine.arch == "x86_64")
    checks.push_back({.name = "avx2",
                      .value = machine.has_avx2 ? "yes" : "no",
                      .meaning = "wide instructions for code made at run time"});
  checks.push_back({.name = "compression",
                    .value = compression_libraries(),
                    .meaning = "another version may compress to other bytes"});
}

void check_code_memory(const os::Machine& machine, std::vector<Check>& checks) {
  checks.push_back({.name = "memfd",
                    .health = machine.memfd.succeeded ? Health::kGood : Health::kLimited,
                    .value = outcome(machine.memfd),
                    .meaning = "memory that can be mapped twice, without a file",
                    .advice = machine.memfd.succeeded ? ""
                                                      : "needs Linux 3.17 and no seccomp "
                                                        "filter against memfd_create"});
  checks.push_back({.name = "memfd MFD_EXEC",
                    .value = outcome(machine.memfd_exec_flag),
                    .meaning = "asking for executable memory by name (Linux 6.3)"});
  checks.push_back({.name = "memfd MFD_NOEXEC_SEAL",
                    .value = outcome(machine.memfd_noexec_seal_flag),
                    .meaning = "memory for data that nobody can execute (Linux 6.3)"});
  const bool is_forbidden = machine.memfd_noexec.value_or(0) >= 2;
  checks.push_back(
      {.name = "vm.memfd_noexec",
       .health = is_forbidden ? Health::kLimited : Health::kGood,
       .value = number_text(machine.memfd_noexec),
       .meaning = "2: the system refuses executable memfds",
       .advice = is_forbidden ? "sysctl vm.memfd_noexec=1, or do without dual mapping" : ""});
  checks.push_back(
      {.name = "dual mapping",
       .health = machine.dual_mapping.succeeded ? Health::kGood : Health::kLimited,
       .value = outcome(machine.dual_mapping),
       .meaning = "code written through one mapping, run through another: no system "
                  "call per instantiation",
       .advice = machine.dual_mapping.succeeded ? "" : "code memory falls back to mprotect"});
  checks.push_back({.name = "mprotect rw- to r-x",
                    .health = machine.write_then_exec.succeeded ? Health::kGood
                              : machine.dual_mapping.succeeded  ? Health::kLimited
                                                                : Health::kBad,
                    .value = outcome(machine.write_then_exec),
                    .meaning = "code made executable after it was written",
                    .advice = machine.write_then_exec.succeeded
                                  ? ""
                                  : "allow execmem for this program (SELinux), or lift "
                                    "MemoryDenyWriteExecute of its service"});
}

// Of a code memory with a block that is executable: neither where it lies nor whether page
// protection works is known before. The block is not called.
Result<CodeMemoryStats> try_code_memory() {
  SMF_ASSIGN(CodeMemory memory, CodeMemory::create());
  SMF_ASSIGN(CodeWriter writer, memory.begin(1));
  SMF_TRY(writer.commit());
  return memory.stats();
}

void check_choice(std::vector<Check>& checks) {
  const auto stats = try_code_memory();
  const bool is_dual = stats && stats->protection == CodeProtection::kDualMapping;
  std::string choice = "dual mapping";
  if (!stats) {
    choice = "neither: " + stats.error().describe();
  } else if (!is_dual) {
    choice = "page protection: " + stats->refusal;
  }
  checks.push_back({.name = "code memory",
                    .health = is_dual ? Health::kGood
                              : stats ? Health::kLimited
                                      : Health::kBad,
                    .value = std::move(choice),
                    .meaning = "how code made at run time is kept from being writable and "
                               "executable at once",
                    .advice = is_dual ? ""
                              : stats ? "each function costs system calls and a page: see "
                                        "dual mapping"
                                      : "see dual mapping, or mprotect"});
  const bool is_near = stats && stats->is_near;
  checks.push_back(
      {.name = "code memory address",
       .health = is_near ? Health::kGood : Health::kLimited,
       .value = is_near ? "within 2 GiB of the program"
                : stats ? "far from the program"
                        : "nowhere",
       .meaning = "near, calls between the program and such code are direct",
       .advice = is_near || !stats ? "" : "keep 64 MiB of addresses free near the program"});
}

void check_policy(const os::Machine& machine, std::vector<Check>& checks) {
  const bool denied = machine.denies_write_exec.value_or(false);
  checks.push_back({.name = "W^X policy of the process",
                    .health = denied ? Health::kLimited : Health::kGood,
                    .value = !machine.denies_write_exec ? "not told by this kernel"
                             : denied                   ? "memory once writable is never executable"
                                                        : "none",
                    .meaning = "nothing here is ever writable and executable at once; a policy "
                               "may forbid more",
                    .advice = denied ? "only dual mapping works under it" : ""});
  checks.push_back({.name = "SELinux",
                    .value = !machine.selinux_enforcing       ? "not there"
                             : *machine.selinux_enforcing > 0 ? "enforcing"
                                                              : "permissive",
                    .meaning = "its execmem rule decides about code made at run time"});
  checks.push_back(
      {.name = "address randomisation",
       .health = machine.randomize_va_space.value_or(2) == 0 ? Health::kLimited : Health::kGood,
       .value = number_text(machine.randomize_va_space),
       .meaning = "0 none, 1 some, 2 all of memory",
       .advice = machine.randomize_va_space.value_or(2) == 0 ? "sysctl kernel.randomize_va_space=2"
                                                             : ""});
  checks.push_back({.name = "transparent huge pages",
                    .value = machine.transparent_huge_pages.value_or("not there"),
                    .meaning = "fewer page faults for large sections"});
}

void check_tools(const os::Machine& machine, std::vector<Check>& checks) {
  const bool perf_limited = machine.perf_event_paranoid.value_or(4) > 2;
  checks.push_back({.name = "perf_event_paranoid",
                    .health = perf_limited ? Health::kLimited : Health::kGood,
                    .value = number_text(machine.perf_event_paranoid),
                    .meaning = "above 2, users may not profile",
                    .advice = perf_limited ? "sysctl kernel.perf_event_paranoid=1" : ""});
  checks.push_back({.name = "perf map",
                    .health = machine.perf_map.succeeded ? Health::kGood : Health::kLimited,
                    .value = outcome(machine.perf_map),
                    .meaning = "/tmp/perf-PID.map tells perf the names of code made at run time",
                    .advice = machine.perf_map.succeeded ? "" : "make /tmp writable"});
  checks.push_back({.name = "gdb",
                    .health = machine.gdb.empty() ? Health::kLimited : Health::kGood,
                    .value = machine.gdb.empty() ? "not found" : machine.gdb,
                    .meaning = "sees code made at run time through its JIT interface",
                    .advice = machine.gdb.empty() ? "apt-get install gdb" : ""});
}

Style style_of(Health health) {
  switch (health) {
    case Health::kGood:
      return Style::kGreen;
    case Health::kLimited:
      return Style::kYellow;
    case Health::kBad:
      return Style::kRed;
    case Health::kFact:
      return Style::kFaint;
  }
  return Style::kPlain;
}

void print_text(const Context& context, const std::vector<Check>& checks) {
  Table table(context.out, is_coloured(context, context.out),
              {{"state"}, {"what"}, {"found"}, {"meaning"}});
  for (const Check& check : checks) {
    if (context.is_quiet && check.health != Health::kBad && check.health != Health::kLimited)
      continue;
    table.add_row({{std::string(health_name(check.health)), style_of(check.health)},
                   check.name,
                   check.value,
                   check.meaning});
    if (!check.advice.empty()) table.add_row({"", "", {"to do: " + check.advice, Style::kBold}});
  }
}

void print_json(const Context& context, const std::vector<Check>& checks) {
  JsonOutput json(context.out, "smf.doctor/1");
  json.begin_array("checks");
  for (const Check& check : checks) {
    json.element({{"name", check.name},
                  {"state", health_name(check.health)},
                  {"found", check.value},
                  {"meaning", check.meaning},
                  {"advice", check.advice}});
  }
  json.end();
}

Result<ExitStatus> run(const Context& context, bool as_json) {
  const os::Machine machine = os::examine_machine();
  std::vector<Check> checks;
  check_basics(machine, checks);
  check_code_memory(machine, checks);
  check_choice(checks);
  check_policy(machine, checks);
  check_tools(machine, checks);
  if (as_json) {
    print_json(context, checks);
  } else {
    print_text(context, checks);
  }
  for (const Check& check : checks)
    if (check.health == Health::kBad) return ExitStatus::kFinding;
  return ExitStatus::kDone;
}

}  // namespace

void add_doctor(Command tool) {
  Command command = tool.command("doctor", "Try out what this machine allows a loader to do");
  const auto as_json = std::make_shared<bool>(false);
  command.flag("--json", *as_json, "One JSON document, schema smf.doctor/1");
  command.examples(
      "smftool doctor\n"
      "smftool doctor --quiet          only what is limited or missing");
  command.runs([as_json](const Context& context) { return run(context, *as_json); });
}

}  // namespace smf::tool
