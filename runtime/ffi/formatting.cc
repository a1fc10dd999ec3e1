// fmt within the shared library, so that whoever embeds it needs no other than C's and C++'s.
//
// Distributions ship fmt as a shared library alone, and that by a version. The library's objects
// need one function of it; compiled here from fmt's headers, it is found before the library is
// looked at, which --as-needed then leaves out. Where fmt is linked statically anyway, this is the
// same function. Rejected: fmt in its headers for all of the project, which each file would compile
// anew.
#ifndef FMT_HEADER_ONLY
#define FMT_HEADER_ONLY
#endif
#include <fmt/format.h>

namespace {

[[gnu::used]] std::string (*const needed)(fmt::string_view, fmt::format_args) = &fmt::vformat;

}  // namespace
