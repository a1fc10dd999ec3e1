// Where the time of a cold request goes.
#pragma once

namespace smf::bench {

// Compiles the sample stage by stage, many times; prints the median of each, and adds them to
// results().
void report_stages();

}  // namespace smf::bench
