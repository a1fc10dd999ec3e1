// How many system calls something makes: counted, where a promise says none.
//
// A child process does it and is watched by ptrace(2), which tells of each call; so nothing that
// runs in the library's own seams is missed, and nothing is counted twice. What ending the child
// takes is measured and subtracted. Only calls of the thread that does it are counted.
#pragma once

#include <functional>
#include <string>

#include "runtime/base/error.h"

namespace smf::bench {

// Calls that work(0) to work(count - 1) make, divided by `count`. `prepare` returns `work`; what it
// does itself is not counted. Both run in the child, which ends without destroying anything: files
// that are to go at the end belong to the caller. kSystem where nobody may be watched.
Result<double> count_system_calls(int count,
                                  const std::function<std::function<void(int)>()>& prepare);

// Adds an exact figure "SUBJECT.system_calls/WHO" to results(), or what was left out and why.
void add_system_calls(const std::string& subject, const std::string& who, int count,
                      const std::function<std::function<void(int)>()>& prepare);

}  // namespace smf::bench
