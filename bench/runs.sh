#!/bin/sh
# Runs a benchmark, briefly: that it works and writes its results, not how fast it is.
#
#   runs.sh CHECK BINARY SAID [NAME...]     SAID: what its output is to match; NAMEs of figures
#
# CHECK is check_results.py, which reads what was written.
set -eu
check=$1 binary=$2 said=$3
shift 3
# Beside others in sandboxes, who have the same process numbers and the same /tmp.
export TMPDIR="$TEST_TMPDIR"
file=$TEST_TMPDIR/results.json
output=$("$binary" --quick "--results=$file")
echo "$output"
echo "$output" | grep -q -- "$said"
"$check" "$file" "$@"
