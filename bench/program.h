// What every benchmark of this folder has in common as a program: its options, and the file of its
// results.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

namespace smf::bench {

struct RunOptions {
  std::string results{};  // empty: no file is written
  bool is_quick = false;
};

void add_options(CLI::App& app, RunOptions& options);

// `path` as whoever called `bazel run` means it: from where they stood.
std::string from_start(const std::string& path);

// Calls `work`, which adds to results() and returns an exit status; adds the ratios of
// what it found, and writes the file. Files that `work` measures are on `file_system`.
int run_and_write(const RunOptions& options, const std::string& file_system,
                  const std::function<int()>& work);

}  // namespace smf::bench
