#!/bin/sh
# host_test.sh HOST MODULE: what the host prints.
# On a machine of another kind $SMF_EMULATOR starts it.
given=$(${SMF_EMULATOR:-} "$1" "$2") || exit 1
expected='Welcome to the shop.
the second price is 1999
price_of is a function: yes
total$i64 is 2999'
[ "$given" = "$expected" ] && exit
printf 'expected:\n%s\ngiven:\n%s\n' "$expected" "$given"
exit 1
