#!/bin/bash
# gdb shows compiled code by its names, and what called it.
#   gdb_test.sh PROGRAM
set -euo pipefail

program=$1
if ! command -v gdb > /dev/null; then
  echo "skipped: gdb is not installed"
  exit 0
fi

# The program under gdb, with one kind of protection; a debugger's breakpoint is a write into the
# code, which only page protection lets it make.
# A sanitizer that looks for leaks cannot under a debugger; the program does not get as far.
debug() {
  local -a break=()
  [ "$1" != pages ] || break=(-ex 'break compiled_second$i64' -ex 'continue'
    -ex 'echo == at its beginning\n' -ex 'bt')
  seen=$(gdb -nx -batch \
    -ex 'set confirm off' -ex 'set width 0' -ex 'set disable-randomization off' \
    -ex 'break stop_here' -ex 'break stop_when_freed' -ex 'run' \
    -ex 'echo == alone\n' -ex 'bt' "${break[@]}" -ex 'continue' \
    -ex 'echo == in a batch\n' -ex 'bt' -ex 'continue' \
    -ex 'echo == freed\n' -ex 'bt' -ex 'info functions compiled_' -ex 'kill' \
    --args "$program" "$1" 2>&1 < /dev/null) || true
}

wrong() {
  echo "$1"
  echo "$seen"
  exit 1
}

# What gdb said between one heading and the next.
part() { sed -n "/^== $1\$/,/^== /p" <<< "$seen"; }

# The functions of the program in a backtrace, innermost first.
frames() {
  part "$1" | sed -nE 's/^#[0-9]+ +(0x[0-9a-f]+ in )?([^ ]+) .*/\2/p' |
    { grep -E '^(stop_|compiled_|call_first|main)' || true; } | tr '\n' ' '
}

expect() {
  [ "$(frames "$1")" == "$2 " ] || wrong "$1: frames are '$(frames "$1")', not '$2 '"
}

for protection in dual pages; do
  debug $protection
  if grep -q '^no code that calls' <<< "$seen"; then
    echo "skipped: no code for this processor"
    exit 0
  fi
  expect 'alone' 'stop_here compiled_alone main'
  [ $protection == dual ] || expect 'at its beginning' 'compiled_second$i64 main'
  expect 'in a batch' 'stop_here compiled_first$i64 call_first compiled_second$i64 main'
  expect 'freed' 'stop_when_freed main'
  if part 'freed' | grep -q 'compiled_[afs]'; then wrong "gdb still knows what was freed"; fi
done
