#!/bin/sh
# Runs each benchmark of a binary once: that it works, not how fast it is.
set -eu
output=$("$1" --benchmark_repetitions=1 --benchmark_min_time=0.0001)
echo "$output"
echo "$output" | grep -q 'ours/peer'
