#!/bin/sh
# Counts of instructions are the same from run to run, and more work is more instructions.
#
#   instructions_test.sh CHECK BINARY       of mir_bench
set -eu
check=$1 binary=$2

run() { "$binary" --quick --instructions --benchmark_filter='^read_mir/ours$' "--results=$1" > "$1.txt"; }

skip() {
    echo "skipped: $1"
    exit 0
}
command -v valgrind > /dev/null || skip "valgrind is not installed"
first=$TEST_TMPDIR/first.json
run "$first" || {
    # What is built with a sanitizer, or for another processor, does not run in valgrind.
    "$binary" --quick --benchmark_filter='^read_mir/ours$' "--results=$first" > /dev/null
    grep -q -e '-fsanitize' "$first" && skip "built with a sanitizer"
    grep -q "\"arch\": \"$(uname -m)\"" "$first" || skip "built for another processor"
    exit 1
}
second=$TEST_TMPDIR/second.json
run "$second"
"$check" "$first" '^read_mir/ours$'
python3 - "$first" "$second" << 'EOF'
import json, sys
counts = []
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        figures = json.load(file)["figures"]
    counts.append({f["name"]: f["samples"] for f in figures if f["unit"] == "instructions"})
print(counts)
assert counts[0] == counts[1], counts
assert counts[0]["read_mir/ours"][0] > 1000, counts
EOF
