// What a benchmark ran on and how it was built: what has to be the same before its figures are
// compared with others.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace smf::bench {

struct Environment {
  std::string processor{};      // as /proc/cpuinfo names it
  unsigned processors = 0;      // online
  std::uint64_t memory = 0;     // bytes
  std::uint64_t page_size = 0;  // bytes
  std::string kernel{};
  std::string arch{};
  std::string governor{};    // of the clock frequency; "none" where nobody governs it
  std::string turbo{};       // "on", "off", "unknown"
  std::string huge_pages{};  // transparent ones: "always", "madvise", "never", "none"
  std::optional<long> aslr{};
  std::string file_system{};  // of the files that are measured

  std::string libc{};
  std::string compiler{};
  std::string flags{};                             // of our own code, without warnings and paths
  std::string build{};                             // "opt", "fastbuild", "dbg"
  std::map<std::string, std::string> libraries{};  // versions

  // Of the machine while the benchmark ran.
  double load_before = 0;
  double load_after = 0;
  double steal_percent = 0;  // of its processors' time, what the hypervisor gave to others
};

// All but what is of the time of running.
Environment examine_environment(const std::string& file_system);

// Since it was made.
class Disturbance {
 public:
  Disturbance();
  void tell(Environment& environment) const;

 private:
  double load_;
  double stolen_, all_;
};

// Bytes of memory that could be had without swapping.
std::uint64_t available_memory();

nlohmann::json to_json(const Environment& environment);

}  // namespace smf::bench
