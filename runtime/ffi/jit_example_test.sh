#!/bin/bash
# The documentation's example calls a function of a module.
#   jit_example_test.sh WRITE_SAMPLE_MODULE EXAMPLE
set -euo pipefail

write=$1 example=$2
module=$TEST_TMPDIR/sample.smf
"$write" "$module"

given=$("$example" "$module")
expected='max$i64(40, 2) is 40'
[ "$given" = "$expected" ] || { echo "given: $given"; exit 1; }

# When it frees the instantiator, the row has moved.
grep -aq jit_compiled "$module" || { echo "the note was not updated"; exit 1; }

if said=$("$example" "$TEST_TMPDIR/nothing" 2>&1); then echo "success without a module"; exit 1; fi
[[ $said == *rt_smf_jit_load* ]] || { echo "said: $said"; exit 1; }
