#!/bin/bash
# bazelw among programs of our own: what it runs, what it installs and what it asks for,
# for each combination of Bazel, root, sudo and terminal that it may meet.
set -u

here=$PWD
work=${TEST_TMPDIR:-$(mktemp -d)}/bazelw
failures=0
mapfile -t tools < <(type -P cat dirname env readlink sed sh tr)

# A workspace to call it in, and a PATH of which all is known.
fresh() {
    rm -rf "$work"
    mkdir -p "$work/ws/toolchain/deps" "$work/ws/inner" "$work/bin" "$work/elsewhere"
    cp "$here/bazelw" "$work/ws/bazelw"
    cp "$here/toolchain/deps/debian-packages.txt" "$work/ws/toolchain/deps/"
    ln -s "${tools[@]}" "$work/bin/"
    : > "$work/log"
    cd "$work/ws"
}

# fake NAME: a program whose body is read from stdin; it logs how it was called.
fake() {
    local body
    read -r -d '' body
    printf '#!/bin/sh\necho "%s $*" >> "%s"\n%s\n' "$1" "$work/log" "$body" > "$work/bin/$1"
    chmod +x "$work/bin/$1"
}

# A Bazel that gives that answer to --version and else tells how it was called.
fake_bazel() {
    fake "${2:-bazel}" << END
[ "\$*" = --version ] && { echo "bazel $1"; exit; }
echo "ran \$0 in \$PWD for \$SMF_WORKING_DIRECTORY"
for argument; do echo "<\$argument>"; done
exit 42
END
}

# Debian for amd64, where the packages named are installed (for another processor: NAME:arm64), and
# those that apt-get is told to.
fake_debian() {
    printf '%s\n' "$@" > "$work/installed"
    fake dpkg-query << END
case "\$*" in
*Version*) echo 4.2.3+ds-9; exit ;;
esac
echo "installed dpkg:amd64"
while read -r package; do
    case "\$package" in
    "") ;;
    *:*) echo "installed \$package" ;;
    *) echo "installed \$package:amd64" ;;
    esac
done < '$work/installed'
echo "no packages found" >&2
exit 1
END
    fake apt-get << END
echo "noise of apt-get"
[ -e '$work/apt-fails' ] && exit 100
case "\$*" in *install*) for word; do echo "\$word" >> '$work/installed'; done ;; esac
END
}

fake_user() { fake id <<< "echo $1"; }
fake_sudo() { fake sudo <<< 'exec "$@"'; }

everything() { sed 's/#.*//' toolchain/deps/debian-packages.txt; }

call() {
    PATH="$work/bin" ./bazelw "$@" > "$work/out" 2> "$work/err" < /dev/null
    status=$?
}

# The same for a user at a terminal who types $1; both streams arrive in $work/out.
call_at_terminal() {
    local typed=$1
    shift
    printf '%s\n' "$typed" | /usr/bin/env python3 -c '
import os, pty, sys
os.environ["PATH"] = sys.argv[1]
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[2:])))' \
        "$work/bin" ./bazelw "$@" 2>&1 | tr -d '\r' > "$work/out"
    status=${PIPESTATUS[1]}
    : > "$work/err"
}

failed() {
    failures=$((failures + 1))
    printf 'FAILED: %s: %s\n' "$case" "$1"
    for file in out err log; do sed "s/^/    $file: /" "$work/$file"; done
}

expect_status() { [ "$status" = "$1" ] || failed "status $status, not $1"; }
expect_line() { grep -Fqx -- "$2" "$work/$1" || failed "no line '$2' in $1"; }
expect_text() { grep -Fq -- "$2" "$work/$1" || failed "no '$2' in $1"; }
expect_none() { ! grep -Eq -- "$2" "$work/$1" || failed "'$2' in $1"; }
expect_quiet() { [ ! -s "$work/err" ] || failed "not quiet"; }

case="bazelisk goes first"
fresh
fake_bazel 7.4.1
fake_bazel 8.0.0 bazelisk
call test //...
expect_status 42
expect_line out "ran $work/bin/bazelisk in $work/ws for $work/ws"
expect_quiet

case="arguments arrive as they were"
fresh
fake_bazel 7.4.1
call run //smftool -- 'a b' '' '*' "it's" '$HOME' --version
expect_status 42
for argument in run //smftool -- 'a b' '' '*' "it's" '$HOME' --version; do
    expect_line out "<$argument>"
done
expect_none log 'dpkg-query|apt-get'
expect_quiet

case="a Bazel of two digits is a new one"
fresh
fake_bazel 10.0.0
call build
expect_status 42
expect_quiet

case="below the root, labels are relative to where one stands"
fresh
fake_bazel 8.0.0
cd inner
PATH="$work/bin" ../bazelw build :x > "$work/out" 2> "$work/err"
status=$?
expect_status 42
expect_line out "ran $work/bin/bazel in $work/ws/inner for $work/ws/inner"

case="from elsewhere, also through a link, it runs in the workspace"
fresh
fake_bazel 8.0.0
ln -s "$work/ws/bazelw" "$work/elsewhere/b"
for script in "$work/ws/bazelw" "$work/elsewhere/b"; do
    cd "$work/elsewhere"
    PATH="$work/bin" "$script" build > "$work/out" 2> "$work/err"
    status=$?
    expect_status 42
    expect_line out "ran $work/bin/bazel in $work/ws for $work/elsewhere"
done

case="a folder whose name starts like the workspace's is elsewhere"
fresh
fake_bazel 8.0.0
mkdir "$work/ws-2"
cd "$work/ws-2"
PATH="$work/bin" ../ws/bazelw build > "$work/out" 2> "$work/err"
expect_line out "ran $work/bin/bazel in $work/ws for $work/ws-2"

for version in 3.7.2 5.4.1 6.5.0; do
    case="Bazel $version is neither old nor new enough"
    fresh
    fake_bazel $version
    fake_debian $(everything)
    call build
    expect_status 3
    expect_text err "$work/bin/bazel is Bazel $version"
    expect_text err "7.2.1"
    expect_none log "bazel build|apt-get"
done

case="Debian's Bazel with everything there"
fresh
fake_bazel no_version
fake_debian $(everything)
call build //x
expect_status 42
expect_line out "<//x>"
expect_none log "apt-get"
expect_quiet
[ "$(grep -c 'dpkg-query.*Status' "$work/log")" = 1 ] || failed "more than one query"

case="Debian's Bazel, when it is a new one, needs no packages"
fresh
fake_bazel no_version
fake_debian
fake dpkg-query <<< 'echo 7.7.1+ds-1'
call build //x
expect_status 42
expect_none log "apt-get|Status"
expect_quiet

case="another processor's package does not count, one for all does"
fresh
fake_bazel no_version
fake_debian $(everything | grep -v -x -e libfmt-dev -e python3) libfmt-dev:arm64 python3:all
fake_user 0
call build //x
expect_status 42
expect_line err "bazelw: installing from Debian: libfmt-dev"

case="root: missing packages are installed at once, and only these"
fresh
fake_bazel no_version
fake_debian $(everything | grep -v -x -e libfmt-dev -e zstd)
fake_user 0
call build //x
expect_status 42
expect_line err "bazelw: installing from Debian: libfmt-dev zstd"
expect_line log "apt-get update -q"
expect_text log "--no-install-recommends"
expect_text log "libfmt-dev zstd"
expect_none log "apt-get.*libgtest-dev"
expect_text err "noise of apt-get"
expect_none out "noise"

case="root: no Bazel before, one after"
fresh
fake_debian
fake_user 0
fake_bazel no_version unpacked
echo "PATH=/usr/bin:/bin cp '$work/bin/unpacked' '$work/bin/bazel'" >> "$work/bin/apt-get"
call build //x
expect_status 42
expect_text log "bazel-bootstrap"

case="root: when apt-get fails, the line is told"
fresh
fake_bazel no_version
fake_debian $(everything | grep -v -x libfmt-dev)
fake_user 0
: > "$work/apt-fails"
call build //x
expect_status 3
expect_line err "    apt-get update && apt-get install -y --no-install-recommends libfmt-dev"
expect_none log "bazel build"

case="no root, no sudo: the line for su"
fresh
fake_bazel no_version
fake_debian $(everything | grep -v -x -e libfmt-dev -e zstd)
fake_user 1000
call build //x
expect_status 3
expect_line err "    su - -c 'apt-get update && apt-get install -y --no-install-recommends libfmt-dev zstd'"
expect_none log "apt-get|bazel build"
[ ! -s "$work/out" ] || failed "something on stdout"

case="sudo but no terminal: the line with sudo"
fresh
fake_bazel no_version
fake_debian $(everything | grep -v -x libfmt-dev)
fake_user 1000
fake_sudo
call build //x
expect_status 3
expect_line err "    sudo apt-get update && sudo apt-get install -y --no-install-recommends libfmt-dev"
expect_none log "^sudo|apt-get"

for answer in y Y yes ""; do
    case="sudo and a terminal, answered '$answer': installed"
    fresh
    fake_bazel no_version
    fake_debian $(everything | grep -v -x libfmt-dev)
    fake_user 1000
    fake_sudo
    call_at_terminal "$answer" build //x
    expect_status 42
    expect_text out "Install them with sudo?"
    expect_line log "sudo apt-get update -q"
    expect_text log "apt-get install"
done

case="sudo and a terminal, answered no: nothing is done, the line is told"
fresh
fake_bazel no_version
fake_debian $(everything | grep -v -x libfmt-dev)
fake_user 1000
fake_sudo
call_at_terminal n build //x
expect_status 3
expect_line out "    sudo apt-get update && sudo apt-get install -y --no-install-recommends libfmt-dev"
expect_none log "^sudo|apt-get"

case="neither Bazel nor Debian"
fresh
fake_user 0
call build //x
expect_status 3
expect_text err "bazelisk"

[ $failures = 0 ] || { echo "$failures expectations failed"; exit 1; }
echo "all as expected"
