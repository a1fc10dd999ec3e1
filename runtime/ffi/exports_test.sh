#!/bin/bash
# What libsmf_rt.so shows and needs.
#   exports_test.sh LIBRARY HEADER SONAME
# It shows the functions that the header declares, each of them, and nothing else; it needs C's and
# C++'s libraries and no other; and it cannot be unloaded, since a signal handler stays in it.
set -euo pipefail

library=$1 header=$2 soname=$3

declared=$(grep -o '^RT_API .*' "$header" | grep -o 'rt_[a-z0-9_]*(' | tr -d '(' | sort)
shown=$(nm -D --defined-only "$library" | awk '{ print $NF }' | sort)
[ "$(wc -l <<< "$declared")" -ge 58 ] || { echo "too few in the header: $declared"; exit 1; }
diff <(echo "$declared") <(echo "$shown") || { echo "declared (<) and shown (>) differ"; exit 1; }

# Not so where a sanitizer is in it: that brings its own, and asks for types that nothing else needs.
needed=$(readelf -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
others=$(grep -Ev '^(libstdc\+\+|libgcc_s|libm|libc|ld-linux-.*)\.so\.[0-9]+$' <<< "$needed" || true)
# Nor where libraries of the system stand in for the registry's, whose sources would be in it
# (toolchain/deps/offline_modules.sh).
if [ -n "${SMF_SYSTEM_LIBRARIES:-}" ]; then others=$(grep -Ev '^lib(lz4|zstd|xxhash)\.so\.' <<< "$others" || true); fi
if [ -n "$others" ] && ! nm -D "$library" | grep -E ' U __(asan|ubsan|tsan)_' > /dev/null; then
    echo "it needs $others"
    exit 1
fi

# Programs that are linked with it ask for it by this name.
readelf -d "$library" | grep -qF "Library soname: [$soname]" || { echo "its SONAME is not $soname"; exit 1; }
readelf -d "$library" | grep -q NODELETE || { echo "it can be unloaded"; exit 1; }
