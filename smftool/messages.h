// Messages for people, on standard error: "smftool: FILE: offset 0x1a0: MESSAGE".
#pragma once

#include <string_view>

#include "runtime/base/error.h"
#include "smftool/context.h"

namespace smf::tool {

// The exit status that an error ends the program with.
ExitStatus status_of(const Error& error);

// Prints the error. What it quotes from files is made safe for a terminal.
void report(const Context& context, const Error& error);

// Prints "smftool: PATH: warning: TEXT", unless --quiet.
void warn(const Context& context, std::string_view path, std::string_view text);

// The same error with a wrong argument counted as wrong input: for specs that come from a file.
Error blame_input(Error error);

// An error for a command line that cannot be meant: exit status 2.
std::unexpected<Error> wrong_usage(std::string message);

}  // namespace smf::tool
