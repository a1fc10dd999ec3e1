// What smftool bench measures of a module. No part changes the file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "smftool/measuring.h"
#include "smftool/module_input.h"

namespace smf::tool {

// Larger files are mapped and looked at in part: what reads all of one would take too long.
inline constexpr std::uint64_t kMostBenchmarkedBytes = 64u << 20;

struct LeftOut {
  std::string name{};  // of a subject, or of all under a name: "jit"
  std::string why{};
};

// Subjects that can be measured, and why others cannot. The functions in them hold what they need.
struct Subjects {
  std::vector<Subject> list{};
  std::vector<LeftOut> left_out{};

  void leave_out(std::string name, std::string why) {
    left_out.push_back({std::move(name), std::move(why)});
  }
};

// Opening and closing, and touching every page, of a file that is mapped or read; with its pages in
// memory, and without. While these run nobody else maps the file.
Result<void> add_file_subjects(const std::string& path, Subjects& to);

// Hashes, symbols, compressed sections and the note. `input` must outlive the subjects.
Result<void> add_content_subjects(const ModuleInput& input, Subjects& to);

// A cache that has the module, and one that has not.
Result<void> add_cache_subjects(const std::string& path, Subjects& to);

// What the note says is possible, compiled, and taken from a private copy of the module where it
// was kept.
Result<void> add_jit_subjects(const std::string& path, Subjects& to);

}  // namespace smf::tool
