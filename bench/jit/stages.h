// Where the time of a cold request goes.
#pragma once

namespace smf::bench {

// Compiles the sample stage by stage, many times, and prints the median of each.
void report_stages();

}  // namespace smf::bench
