#!/bin/bash
# Whoever repeats the version (version.bzl) repeats it rightly.
#   version_test.sh VERSION MODULE.bazel SMFTOOL
set -euo pipefail
version=$1 module=$2 smftool=$3

fail() {
    echo "$1" >&2
    exit 1
}

# The module's own, which comes first; others follow in bazel_dep lines.
told=$(sed -n '/^module(/,/^)/s/^ *version = "\(.*\)",$/\1/p' "$module")
[ "$told" = "$version" ] || fail "MODULE.bazel has version '$told', version.bzl '$version'"

said=$("$smftool" --version | head -n 1)
[[ " $said " == *" $version "* ]] || fail "smftool --version says '$said', version.bzl '$version'"
