#!/bin/sh
# failing_smf_test_test.sh TEST: what an smf_test whose calls go wrong prints of each.
given=$("$1")
status=$?
given=$(printf '%s\n' "$given" | sed 's|smftool: /.*ready_module.smf|smftool: ready_module.smf|')
expected="max\$i64(3, 4)
  expected: 5
  actual:   4
max\$text(\"a\", \"b\")
  expected: its code is in the module
  actual:   it was compiled
max<i64>(3, 4)
  expected: a failure, too much
  actual:   4
dot\$i64([1], [1, 2])
  expected: error: too much
  actual:   smftool: ready_module.smf: 'dot\$i64', block 4: dot of slices of different lengths
4 of 5 calls failed"
[ "$status" = 1 ] && [ "$given" = "$expected" ] && exit
printf 'status %s, expected:\n%s\ngiven:\n%s\n' "$status" "$expected" "$given"
exit 1
