#!/bin/bash
# A pack that is killed, or runs out of room, leaves what was there before: the old file, whole, and
# no temporary beside it.
set -u
smftool=$(readlink -f "$1")
work=$(mktemp -d "${TEST_TMPDIR:-/tmp}/interruption.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

fail() {
  echo "$1" >&2
  ls -la >&2
  exit 1
}

# Expects that only the files named are here.
expect_files() {
  [ "$(ls -A | tr '\n' ' ')" = "$1 " ] || fail "expected the files '$1' only"
}

head -c 20000000 /dev/urandom > data
echo old > out.smf
"$smftool" pack -q -o complete.smf --data data=data --compress zstd || fail "cannot pack"
mv complete.smf ../complete.$$

for delay in 0.002 0.01 0.03 0.05 0.08 0.13 0.2 0.3; do
  "$smftool" pack -q -o out.smf --data data=data --compress zstd &
  pack=$!
  sleep $delay
  kill -KILL $pack 2> /dev/null
  wait $pack 2> /dev/null
  # The old file or the new one, nothing between.
  [ "$(cat out.smf | head -c 3)" = old ] || cmp -s out.smf "../complete.$$" ||
    fail "half a file after $delay s"
  expect_files "data out.smf"
done
rm "../complete.$$"

# A file system that is full, in the form of a limit on the size of files.
echo old > out.smf
(
  trap '' XFSZ
  ulimit -f 1000
  "$smftool" pack -o out.smf --data data=data 2> message
)
[ $? = 3 ] || fail "expected exit status 3 for a file that grows too large"
grep -q '^smftool: out.smf: cannot write: File too large$' message || fail "$(cat message)"
[ "$(cat out.smf)" = old ] || fail "the old file is gone"
rm message
expect_files "data out.smf"

# A device that is full.
"$smftool" pack -o /dev/full --data data=data 2> message
[ $? = 3 ] || fail "expected exit status 3 for /dev/full"
grep -q '^smftool: /dev/full: cannot write: No space left on device$' message ||
  fail "$(cat message)"
"$smftool" pack -q -o small.smf --section c:code=data
"$smftool" inspect small.smf > /dev/full 2> message
[ $? = 3 ] || fail "expected exit status 3 for standard output on /dev/full"
rm message small.smf
expect_files "data out.smf"
