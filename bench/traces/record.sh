#!/bin/bash
# Records which headers a compiler opens while it compiles this project.
#
#   bench/traces/record.sh > bench/traces/headers.trace
#   CXX="clang++-19" bench/traces/record.sh
#
# Each source file is preprocessed (-E -H lists what is opened, as it is opened, the project's
# headers and the system's) in the order of the layers, from runtime/base to bench/, which is the
# order in which a build with one job comes to them. A header that is skipped by its guard without
# being opened is not listed. Headers become numbers by their first appearance; numbers that follow
# one another become FIRST-LAST (bench/traces/trace.h). No name gets into the output.
#
# Needs the libraries of toolchain/deps/debian-packages.txt. Of a source whose headers are not all
# there (generated ones, peers that are not installed), what was opened up to then is listed; how
# many those are is told on stderr.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
export LC_ALL=C

layers="base os sdn format note cache exec mir codegen jit loader ffi"
folders=()
for layer in $layers; do
    [ -d "runtime/$layer" ] && folders+=("runtime/$layer")
done
folders+=(smftool bench)

sources=$(for folder in "${folders[@]}"; do git ls-files "$folder/*.cc" "$folder/**/*.cc" | sort -u; done)
echo "# Headers opened while compiling this project, $(echo "$sources" | wc -l) sources; see trace.h and record.sh."
short=0
for source in $sources; do
    # The list is on stderr, and ends with other lines that begin with no dot.
    listed=$("${CXX:-g++}" -std=c++23 -I. -E -H -o /dev/null "$source" 2>&1) || short=$((short + 1))
    echo "$listed" | sed -n 's/^\.\.* //p'
done > >(awk '
    { if (!($0 in number)) number[$0] = count++; now = number[$0] }
    NR > 1 && now == last + 1 { last = now; next }
    NR > 1 { print first == last ? first : first "-" last }
    { first = last = now }
    END { if (NR) print first == last ? first : first "-" last }')
wait
echo "$short sources were listed in part" >&2
