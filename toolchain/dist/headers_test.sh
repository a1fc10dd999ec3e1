#!/bin/bash
# Each installed header compiles on its own, with nothing but the installed tree: C++ ones as C++23,
# the C interface as C11 and as C++ too.
#   headers_test.sh TARBALL
set -euo pipefail
tree=$TEST_TMPDIR/tree
mkdir "$tree"
tar -xzf "$1" -C "$tree" --strip-components=1
cd "$tree/include/smf"

compile() {
    for header in "$@"; do
        printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
            g++ -std=c++23 -Wall -Wextra -Werror -fsyntax-only -I . -x c++ - ||
            { echo "$header does not compile on its own" >&2; return 1; }
    done
}
export -f compile

headers=$(find . -name '*.h' | sed 's|^\./||' | sort)
[ "$(wc -l <<< "$headers")" -ge 60 ] || { echo "too few headers: $headers" >&2; exit 1; }
xargs -P 2 -n 8 bash -c 'compile "$@"' - <<< "$headers"
printf '#include "runtime/ffi/smf_rt.h"\nint main(void) { return 0; }\n' |
    gcc -std=c11 -Wall -Wextra -Wpedantic -Wstrict-prototypes -Werror -fsyntax-only -I . -x c -
