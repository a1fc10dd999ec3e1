#!/bin/sh
# Compares what is in a module with what is expected, or writes that anew.
#
#   inspect_test.sh SMFTOOL MODULE EXPECTED [--renew]
set -u

listing=$(mktemp)
trap 'rm -f "$listing"' EXIT

"$PWD/$1" inspect --sections --symbols --templates "$PWD/$2" | sed '1s|.*/||' > "$listing"
if [ "${4:-}" = --renew ]; then
    cp "$listing" "$BUILD_WORKSPACE_DIRECTORY/$3"
    exit
fi
diff -u "$3" "$listing" && exit
echo "To renew what is expected: bazel run //toolchain/tests:inspect_test -- --renew"
exit 1
