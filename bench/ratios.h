// Google Benchmark with repetitions in random order, ratios to peers, and a file of results.
//
// Absolute times of a shared machine say little; what is compared is ours against a peer in the
// same run. Benchmarks named "SUBJECT/ours…" and "SUBJECT/PEER…" are put side by side, by the
// median over the repetitions (results.h). Every repetition of each is a sample of its figure.
//
// A benchmark's counters become figures "SUBJECT.COUNTER/WHO" where ratios.cc knows their units.
#pragma once

#include <functional>

namespace smf::bench {

// Runs what is registered, and `more`, which may add to results(). Takes the options that all
// benchmarks have (program.h), --instructions (instructions.h), and Google Benchmark's own.
int run_benchmarks(int argc, char** argv, const std::function<void()>& more = {});

}  // namespace smf::bench
