// How many system calls a request for a symbol makes: none, is the promise, unless code memory has
// to grow or a note is written.
#pragma once

namespace smf::bench {

// Adds figures cold, equal_body, warm, persisted and sync, all ".system_calls", to results().
void report_system_calls();

}  // namespace smf::bench
