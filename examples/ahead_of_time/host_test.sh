#!/bin/sh
# host_test.sh HOST MODULE SAME_MODULE_WITH_CODE: what the host prints of either.
expect() {
    [ "$1" = "$2" ] && return
    printf 'expected:\n%s\ngiven:\n%s\n' "$1" "$2"
    exit 1
}
given=$("$1" "$2") || exit 1
expect 'dearest$i64 is 1999
found in the module: 0, compiled: 2' "$given"
given=$("$1" "$3") || exit 1
expect 'dearest$i64 is 1999
found in the module: 2, compiled: 0' "$given"
