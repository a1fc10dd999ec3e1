#!/bin/sh
# host_test.sh HOST MODULE: what the host prints.
given=$("$1" "$2") || exit 1
expected='2999 cents, 4.25 kg
total$text was not found
compiled: 2'
[ "$given" = "$expected" ] && exit
printf 'expected:\n%s\ngiven:\n%s\n' "$expected" "$given"
exit 1
