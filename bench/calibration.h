// What the machine is and what its elementary operations cost: stands above figures, since these
// mean little elsewhere. Where a fault is dear, mapping loses; where a system call is, reading
// does.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "bench/temporary_folder.h"

namespace smf::bench {

struct Calibration {
  std::string kernel;
  std::string arch;
  std::string processor;  // as /proc/cpuinfo names it
  unsigned processors = 0;
  std::uint64_t memory = 0;     // bytes
  std::uint64_t page_size = 0;  // bytes
  std::string huge_pages;       // transparent ones: "always", "madvise", "never"
  std::string file_system;

  double system_call_ns = 0;       // getppid()
  double anonymous_fault_ns = 0;   // a page of zeros
  double file_fault_ns = 0;        // a page of a file that is in the page cache
  double pages_of_file_fault = 0;  // that are mapped by one such fault, neighbours included
  double populate_page_ns = 0;     // MADV_POPULATE_READ of the same file, for each page
  double clock_ns = 0;             // reading the clock that times all else
  double memcpy_gb_per_s = 0;      // 64 MiB, larger than most caches
};

// Takes half a second.
Calibration calibrate(const Place& place, const std::string& folder);

void print(const Calibration& calibration);
nlohmann::json to_json(const Calibration& calibration);

// Keeps the calling thread on the processor it is on: moving costs caches.
void stay_on_one_processor();

// Bytes of memory that could be had without swapping.
std::uint64_t available_memory();

}  // namespace smf::bench
