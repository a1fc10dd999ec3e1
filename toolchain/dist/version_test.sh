#!/bin/bash
# Whoever repeats the version (version.bzl) repeats it rightly.
#   version_test.sh VERSION MODULE.bazel SMFTOOL DOCUMENT...
set -euo pipefail
version=$1 module=$2 smftool=$3
shift 3

fail() {
    echo "$1" >&2
    exit 1
}

# The module's own, which comes first; others follow in bazel_dep lines.
told=$(sed -n '/^module(/,/^)/s/^ *version = "\(.*\)",$/\1/p' "$module")
[ "$told" = "$version" ] || fail "MODULE.bazel has version '$told', version.bzl '$version'"

said=$("$smftool" --version | head -n 1)
[[ " $said " == *" $version "* ]] || fail "smftool --version says '$said', version.bzl '$version'"

# Names of packages in documents.
named=$(grep -Eoh 'smf[-_][0-9]+\.[0-9]+\.[0-9]+(-linux|\.deb)' -- "$@" | sort -u)
expected=$(printf '%s\n' "smf-$version-linux" "smf_$version.deb")
[ "$named" = "$expected" ] || fail "documents name the packages"$'\n'"$named"$'\n'"instead of"$'\n'"$expected"
