// SMF_CHECK: a condition that only a mistake in the program can break; on in every build. Never for
// input: what a file or a caller controls is an Error. SMF_DCHECK: the same inside hot loops, off
// in optimised builds.
#pragma once

namespace smf {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace smf

#define SMF_CHECK(condition)                               \
  do {                                                     \
    if (!(condition)) [[unlikely]]                         \
      ::smf::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)

#ifdef NDEBUG
#define SMF_DCHECK(condition) static_cast<void>(sizeof(!(condition)))
#else
#define SMF_DCHECK(condition) SMF_CHECK(condition)
#endif
