"""The version, told here and nowhere else: version_test compares whatever has to repeat it.

docs/compatibility.md says what each number promises.
"""

# Of the whole: the tool, the library, the Bazel module.
VERSION = "0.1.0"

# Of libsmf_rt.so, the number in its SONAME: another one when a program that was linked with it would
# have to be built anew.
ABI_VERSION = "0"

# Seconds since 1970, the day of the version: the time of every file in the packages, so that their
# bytes do not depend on when they were made.
VERSION_DATE = "1767225600"  # 2026-01-01
