#!/bin/bash
# The .deb: equal content gives equal bytes, whatever the clock and the umask are; it says what it
# depends on also where dpkg-shlibdeps is not installed; lintian has nothing to say against it.
#   debian_package_test.sh TARBALL debian_package.py VERSION ABI DATE
set -euo pipefail
tarball=$1 script=$2 version=$3 abi=$4 date=$5
folder=$(dirname "$script")

fail() {
    echo "FAILED: $1" >&2
    exit 1
}

package() {
    python3 "$script" "$tarball" "$1" --version="$version" --abi="$abi" --date="$date" \
        --control="$folder/control.in" --copyright="$folder/copyright" --overrides="$folder/lintian-overrides" \
        --maintainer="Somebody <somebody@example.org>" --level=1
}

package "$TEST_TMPDIR/one.deb"
(umask 077 && sleep 1 && package "$TEST_TMPDIR/two.deb")
cmp "$TEST_TMPDIR/one.deb" "$TEST_TMPDIR/two.deb"
depends=$(dpkg-deb -f "$TEST_TMPDIR/one.deb" Depends)

# All programs but the one.
mkdir "$TEST_TMPDIR/bin"
ln -s /usr/bin/* "$TEST_TMPDIR/bin"
rm -f "$TEST_TMPDIR/bin/dpkg-shlibdeps"
PATH=$TEST_TMPDIR/bin package "$TEST_TMPDIR/without.deb"
without=$(dpkg-deb -f "$TEST_TMPDIR/without.deb" Depends)
[[ $without == *"libc6 (>= "* ]] || fail "without dpkg-shlibdeps it depends on: $without"
while read -r name relation wanted; do
    [ "$relation" = ">=" ] || fail "odd: $name $relation $wanted"
    installed=$(dpkg-query -W -f '${Version}' "$name:$(dpkg --print-architecture)")
    [ "$wanted" = "$installed" ] || fail "$name: wants $wanted, $installed is installed"
done < <(tr ',' '\n' <<< "$without" | tr -d '()')
if command -v dpkg-shlibdeps > /dev/null; then
    diff <(grep -o 'lib[^ ]* (' <<< "$depends" | sort) <(grep -o 'lib[^ ]* (' <<< "$without" | sort) ||
        fail "dpkg-shlibdeps (<) knows of other packages"
fi

command -v lintian > /dev/null || { echo "left out: lintian is not installed" && exit 0; }
said=$(lintian --allow-root --fail-on none "$TEST_TMPDIR/one.deb")
# It fits one architecture, and is built on that: nobody needs its .pc files for another. The address
# is nobody's.
said=$(grep -Ev 'pkg-config-unavailable-for-cross-compilation|somebody@example.org' <<< "$said" || true)
[ -z "$said" ] || fail "lintian: $said"
