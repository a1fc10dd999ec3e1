// What elementary operations of the machine cost: stands above figures, since these mean little
// elsewhere. Where a fault is dear, mapping loses; where a system call is, reading does.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "bench/environment.h"

namespace smf::bench {

struct Calibration {
  double system_call_ns = 0;       // getppid()
  double anonymous_fault_ns = 0;   // a page of zeros
  double file_fault_ns = 0;        // a page of a file that is in the page cache
  double pages_of_file_fault = 0;  // that are mapped by one such fault, neighbours included
  double populate_page_ns = 0;     // MADV_POPULATE_READ of the same file, for each page
  double clock_ns = 0;             // reading the clock that times all else
  double memcpy_gb_per_s = 0;      // 64 MiB, larger than most caches
};

// With a file in `folder`. Takes half a second.
Calibration calibrate(const std::string& folder);

void print(const Environment& environment, const Calibration& calibration);
nlohmann::json to_json(const Calibration& calibration);

// Keeps the calling thread on the processor it is on: moving costs caches.
void stay_on_one_processor();

}  // namespace smf::bench
