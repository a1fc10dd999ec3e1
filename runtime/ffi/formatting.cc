// fmt within the shared library, so that whoever embeds it needs no other than C's and C++'s.
//
// Distributions ship fmt as a shared library alone, and that by a version. The library's objects
// need some functions of it; compiled here from fmt's headers, they are found before the library is
// looked at, which --as-needed then leaves out. Where fmt is linked statically anyway, these are
// the same functions. Rejected: fmt in its headers for all of the project, which each file would
// compile anew.
#ifndef FMT_HEADER_ONLY
#define FMT_HEADER_ONLY
#endif
#include <fmt/format.h>

#include <cstdint>
#include <cstdio>

namespace {

[[gnu::used]] std::string (*const format)(fmt::string_view, fmt::format_args) = &fmt::vformat;
[[gnu::used]] void (*const print)(std::FILE*, fmt::string_view, fmt::format_args) = &fmt::vprint;
// What templates call that are compiled into each user.
[[gnu::used]] bool (*const printable)(std::uint32_t) = &fmt::detail::is_printable;
[[gnu::used]] auto* const decimal_point = &fmt::detail::decimal_point_impl<char>;
[[gnu::used]] auto* const thousands = &fmt::detail::thousands_sep_impl<char>;

}  // namespace
