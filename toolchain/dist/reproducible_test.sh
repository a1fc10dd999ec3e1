#!/bin/bash
# Equal content gives an equal tarball, whatever the clock, the folder and the
# umask are.
#   reproducible_test.sh TARBALL VERSION DATE TARBALL.py LEVEL
set -euo pipefail
tarball=$(readlink -f "$1") version=$2 date=$3 script=$(readlink -f "$4") level=$5
mkdir "$TEST_TMPDIR/a"
cd "$TEST_TMPDIR/a"
umask 077
tar -xmzf "$tarball" --no-same-permissions
arguments=()
# In another order than that of the build.
while read -r file; do
    place=${file#"smf-$version/"}
    if [ -L "$file" ]; then
        arguments+=("--link=$place=$(readlink "$file")")
    elif [[ $place == bin/* ]]; then
        arguments+=("--program=$place=$file")
    else
        arguments+=("--file=$place=$file")
    fi
done < <(find "smf-$version" ! -type d | sort -r)
python3 "$script" again.tar.gz "--folder=smf-$version" "--date=$date" "--level=$level" "${arguments[@]}"
cmp "$tarball" again.tar.gz

# Nobody's name, one date, sorted.
listed=$(tar -tvzf "$tarball" --numeric-owner --full-time --utc)
[ "$(awk '{ print $2, $4, $5 }' <<< "$listed" | sort -u | wc -l)" = 1 ] || { echo "owners or dates differ"; exit 1; }
tar -tzf "$tarball" | LC_ALL=C sort -c
