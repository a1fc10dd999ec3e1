#!/bin/sh
# Runs a benchmark once, briefly: that it works, not how fast it is.
#
#   runs.sh BINARY                        one of Google Benchmark's
#   runs.sh BINARY EXPRESSION [FLAG...]   another, and what its output is to match
set -eu
binary=$1
said=${2:-ours/peer}
[ $# -gt 1 ] && shift 2 || set -- --benchmark_repetitions=1 --benchmark_min_time=0.0001
output=$("$binary" "$@")
echo "$output"
echo "$output" | grep -q -- "$said"
