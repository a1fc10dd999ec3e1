#!/bin/bash
# The manual page and the completions are what their readers accept; bash's also completes.
set -u
smftool=$(readlink -f "$1")
work=$(mktemp -d "${TEST_TMPDIR:-/tmp}/documents.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
man=smftool.1 bash_file=smftool zsh_file=_smftool fish_file=smftool.fish
"$smftool" docs man > $man && "$smftool" docs bash > $bash_file &&
  "$smftool" docs zsh > $zsh_file && "$smftool" docs fish > $fish_file || exit 1

fail() {
  echo "$1" >&2
  exit 1
}

if command -v groff > /dev/null; then
  said=$(groff -ww -man -Tutf8 "$man" 2>&1 > /dev/null)
  [ -z "$said" ] || fail "groff: $said"
  groff -man -Tutf8 -P-cbou "$man" 2> /dev/null | grep -q 'EXIT STATUS' || fail "no exit status in the page"
fi
bash -n "$bash_file" || fail "bash does not read its completions"
if command -v zsh > /dev/null; then zsh -n "$zsh_file" || fail "zsh does not read its completions"; fi
if command -v fish > /dev/null; then
  HOME=$work fish -n "$fish_file" || fail "fish does not read its completions"
fi

source "./$bash_file"

# complete_line WORD...: the candidates for the last word.
complete_line() {
  COMP_WORDS=("$@")
  COMP_CWORD=$(($# - 1))
  COMPREPLY=()
  _smftool
  echo "${COMPREPLY[*]}"
}

expect() {
  local expected=$1
  shift
  local got
  got=$(complete_line "$@")
  [ "$got" = "$expected" ] || fail "'$*' completes to '$got', expected '$expected'"
}

expect "compress" smftool compr
expect "strip-stub" smftool st
expect "--version --verbose" smftool --ver
expect "--compress --compress-code" smftool pack --compress
expect "zstd" smftool pack -o x.smf --compress z
expect "none zstd lz4" smftool pack --compress ""
expect "aarch64 arm" smftool pack --arch a
expect "--sections --symbols" smftool inspect --s
expect "" smftool inspect app.
expect "" smftool pack --note no
[[ " $(complete_line smftool "") " == *" tour "* ]] || fail "no list of commands"
[[ " $(complete_line smftool "") " != *" docs "* ]] || fail "a hidden command is offered"
complete -p smftool | grep -q -- '-o default -F _smftool' || fail "files are not completed"
