#!/bin/sh
# Made by smf_test: calls functions of a module and compares what they print.
set -u

# smftool takes relative paths to be of the folder where its user stands.
smftool=$PWD/%{smftool}
module=$PWD/%{module}
failures=0
calls=0

run() {
    # On a machine of another kind $SMF_EMULATOR starts it.
    # shellcheck disable=SC2086
    ${SMF_EMULATOR:-} "$smftool" "$@" 2>&1
}

failed() {
    printf '%s\n' "$@"
    failures=$((failures + 1))
}

# check CALL EXPECTED SYMBOL [ARGUMENT...]
check() {
    call=$1 expected=$2 symbol=$3
    shift 3
    calls=$((calls + 1))
    actual=$(run jit --no-update "$module" "$symbol" -- "$@")
    status=$?
    case $expected in
    "error: "*)
        case $status:$actual in
        0:*) failed "$call" "  expected: a failure, ${expected#error: }" "  actual:   $actual" ;;
        *"${expected#error: }"*) ;;
        *) failed "$call" "  expected: $expected" "  actual:   $actual" ;;
        esac
        return
        ;;
    esac
    if [ $status != 0 ] || [ "$actual" != "$expected" ]; then
        failed "$call" "  expected: $expected" "  actual:   $actual"
    elif [ %{is_ahead_of_time} = yes ]; then
        case $(run jit --no-update --time "$module" "$symbol" -- "$@") in
        *persisted*) ;;
        *) failed "$call" "  expected: its code is in the module" "  actual:   it was compiled" ;;
        esac
    fi
}

verdict=$(run verify --quiet "$module") || failed "the module:" "$verdict"

%{checks}

if [ "$failures" != 0 ]; then
    echo "$failures of $calls calls failed"
    exit 1
fi
