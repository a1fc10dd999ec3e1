// What every command has: where to print, how, and what to do once the command line is understood.
//
// A command is a function add_NAME() that describes its command line to CLI11 and sets Context::run
// when it is the one chosen. Parsing and running are apart: a wrong command line is found before
// anything is done, and the tree of commands can be looked at (help, man page, completions) without
// running any.
#pragma once

#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "runtime/base/error.h"

namespace smf::tool {

enum class ExitStatus {
  kDone = 0,
  kFinding = 1,  // the input is wrong, or a check found something
  kUsage = 2,    // the command line is wrong
  kSystem = 3,   // the system refused
};

struct Context {
  std::FILE* out = stdout;
  std::FILE* err = stderr;
  bool is_quiet = false;
  bool is_verbose = false;
  bool no_color = false;
  std::function<Result<ExitStatus>()> run{};
};

// Whether `stream` is a terminal that may be coloured: not with --no-color or NO_COLOR.
bool is_coloured(const Context& context, std::FILE* stream);

// Runs one command line, program name excluded, and returns its exit status. Prints to
// context.out and context.err; neither throws nor exits.
ExitStatus run_command_line(std::vector<std::string> arguments, std::FILE* out, std::FILE* err);

}  // namespace smf::tool
