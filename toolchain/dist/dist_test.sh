#!/bin/bash
# What people without Bazel get: unpacked into an empty root, programs in C and C++ are built from it
# with CMake and with make, and run; then the root moves, and they are built again.
#   dist_test.sh TARBALL DEB VERSION ABI_VERSION CONSUMER/CMakeLists.txt WORD...
# The words are those that must not be in it beside those that never may.
# Parts whose program is not installed (cmake, pkg-config, zsh, fish, man) are left out and told.
set -euo pipefail
tarball=$(readlink -f "$1") deb=$(readlink -f "$2") version=$3 abi=$4
# A copy: a sandbox gives links, and CMake would see where they lead.
consumer=$TEST_TMPDIR/consumer
mkdir "$consumer"
cp -L "$(dirname "$5")"/* "$consumer"
shift 5
words=(bazel _virtual_includes _objs/ execroot k8-opt k8-fastbuild /proc/self/cwd sandbox "$@")
cd "$TEST_TMPDIR"
# dpkg wants the sbin folders.
export HOME=$TEST_TMPDIR LC_ALL=C PATH=$PATH:/usr/sbin:/sbin

fail() {
    echo "FAILED: $1" >&2
    exit 1
}

have() { command -v "$1" > /dev/null || { echo "left out: $1 is not installed"; return 1; }; }

same() { [ "$1" = "$2" ] || fail "$3: expected '$2', got '$1'"; }

# pack_module PREFIX FILE: a module with a template, made by the tool that is installed.
pack_module() {
    "$1/bin/smftool" --quiet pack -o "$2" --template "$consumer/module.mir" --note "$consumer/note.sdn" ||
        fail "smftool does not pack"
    "$1/bin/smftool" --quiet verify "$2" || fail "smftool finds mistakes"
}

# run_consumers PREFIX FOLDER: calls the same function in two languages; the second time its code is there.
run_consumers() {
    pack_module "$1" "$2/shop.smf"
    same "$(LD_LIBRARY_PATH=$1/lib "$2/c_consumer" "$2/shop.smf")" "C: 40" "the program in C"
    same "$("$2/cxx_consumer" "$2/shop.smf")" "C++: 40, sections" "the program in C++"
    grep -aq jit_compiled "$2/shop.smf" || fail "the note does not say that it was compiled"
    readelf -d "$2/c_consumer" | grep -qF "Shared library: [libsmf_rt.so.$abi]" || fail "linked by another name"
}

build_with_make() {
    have pkg-config && have make || return 0
    local folder=$TEST_TMPDIR/make.$((++builds))
    mkdir "$folder"
    # Its own, and the system's for what libsmf.a needs.
    PKG_CONFIG_PATH=$1/lib/pkgconfig make -s -j2 -C "$folder" -f "$consumer/Makefile" SOURCES="$consumer" ||
        fail "make with pkg-config"
    same "$(PKG_CONFIG_PATH=$1/lib/pkgconfig pkg-config --modversion smf smf_rt | sort -u)" "$version" "pkg-config"
    run_consumers "$1" "$folder"
}

build_with_cmake() {
    have cmake || return 0
    local folder=$TEST_TMPDIR/cmake.$((++builds))
    { cmake -S "$consumer" -B "$folder" -DCMAKE_PREFIX_PATH="$1" -DCMAKE_BUILD_TYPE=Debug &&
        cmake --build "$folder" -j2; } > "$folder.log" 2>&1 || { cat "$folder.log"; fail "CMake"; }
    grep -qF "$version" "$folder/version.txt" || fail "the target smf::smftool is another"
    run_consumers "$1" "$folder"
}

# check_files PREFIX: what every tree is to be like.
check_files() {
    local prefix=$1 rt=$1/lib/libsmf_rt.so.$abi found file
    same "$(readlink "$prefix/lib/libsmf_rt.so")" "libsmf_rt.so.$abi" "the link for linkers"
    readelf -d "$rt" | grep -qF "Library soname: [libsmf_rt.so.$abi]" || fail "another SONAME"
    diff <(grep -o '^RT_API .*' "$prefix/include/smf/runtime/ffi/smf_rt.h" | grep -o 'rt_[a-z0-9_]*(' | tr -d '(' | sort) \
        <(nm -D --defined-only "$rt" | awk '{ print $NF }' | sort) || fail "the header (<) and the library (>) differ"
    for file in "$rt" "$prefix/bin/smftool"; do
        ! readelf -d "$file" | grep -E 'RPATH|RUNPATH' || fail "$file has a path of libraries"
        ! readelf -S "$file" | grep -F .debug_ || fail "$file is not stripped"
    done
    ar t "$prefix/lib/libsmf.a" | grep -Evx '[a-z0-9_]+\.o' && fail "an odd member of libsmf.a"
    # But what stands in for a file of AsmJit's that asks too much (runtime/codegen).
    [ -z "$(nm -C --defined-only "$prefix/lib/libsmf.a" 2> /dev/null | grep -E ' T (asmjit|fmt)::' | grep -v DebugUtils)" ] ||
        fail "libsmf.a has what is of others"
    # Nothing says how it was made. (The documentation may speak of building.)
    found=$(grep -raioF "${words[@]/#/--regexp=}" "$prefix" --exclude-dir=doc | sort | uniq -c || true)
    [ -z "$found" ] || fail "it says how it was made: $found"
    [ -z "$(find "$prefix" -iname '*bazel*' ! -path '*/doc/*' -o ! -type d -perm /022 ! -type l)" ] || fail "odd names or modes"
    # Links between the documents that are there lead somewhere.
    (cd "$prefix/share/doc/smf" && grep -oh '](\([a-z-]*\.md\))' -- *.md | tr -d '()]' | sort -u | while read -r file; do
        [ -e "$file" ] || fail "the documents mention $file, which is not there"
    done)
}

# check_documents MAN BASH ZSH FISH
check_documents() {
    if have man; then
        [[ $(MANWIDTH=80 man -l "$1" 2> man.log) == *"smftool pack"* ]] || fail "man shows no page: $(cat man.log)"
        [ ! -s man.log ] || fail "man: $(cat man.log)"
    fi
    bash -c 'set -eu; source "$1"; complete -p smftool' - "$2" > /dev/null || fail "bash does not take its completions"
    if have zsh; then zsh -n "$3" || fail "zsh does not read its completions"; fi
    if have fish; then fish -n "$4" || fail "fish does not read its completions"; fi
}

builds=0
root=$TEST_TMPDIR/root
mkdir "$root"
tar -xzf "$tarball" -C "$root"
prefix=$root/smf-$version
if nm "$prefix/lib/libsmf.a" 2> /dev/null | grep -Eq ' U __(asan|ubsan|tsan|gcov|llvm_profile)_'; then
    echo "left out: built with a sanitizer or to measure coverage, which is not for anybody else"
    exit 0
fi
same "$(ls "$root")" "smf-$version" "folders at the top"
check_files "$prefix"
check_documents "$prefix/share/man/man1/smftool.1" "$prefix/share/bash-completion/completions/smftool" \
    "$prefix/share/zsh/site-functions/_smftool" "$prefix/share/fish/vendor_completions.d/smftool.fish"
build_with_make "$prefix"

# Moved, and to a path that is awkward; the old place is gone.
moved="$TEST_TMPDIR/moved+1/usr"
mkdir "$(dirname "$moved")"
mv "$prefix" "$moved"
build_with_cmake "$moved"
build_with_make "$moved"

# The .deb: installed by dpkg where that may be, else unpacked.
installed=$TEST_TMPDIR/installed
mkdir -p "$installed/var/lib/dpkg/info" "$installed/var/lib/dpkg/updates"
touch "$installed/var/lib/dpkg/status" "$installed/var/lib/dpkg/available"
if dpkg --root="$installed" --force-depends --force-not-root --log=/dev/null -i "$deb" > dpkg.log 2>&1; then
    same "$(dpkg-query --admindir="$installed/var/lib/dpkg" -W -f '${Version}' smf)" "$version" "the package's version"
    dpkg --root="$installed" --verify smf || fail "dpkg --verify"
else
    echo "left out: dpkg cannot install here: $(tail -n 1 dpkg.log)"
    dpkg-deb -x "$deb" "$installed"
fi
depends=$(dpkg-deb -f "$deb" Depends)
for package in libc6 libstdc++6 libfmt9 libzstd1 liblz4-1 libxxhash0 libcapstone4; do
    # Other releases have other numbers behind the name.
    [[ $depends == *"${package%%[0-9]*}"* ]] || fail "it does not depend on $package: $depends"
done
check_files "$installed/usr"
share=$installed/usr/share
check_documents "$share/man/man1/smftool.1.gz" "$share/bash-completion/completions/smftool" \
    "$share/zsh/vendor-completions/_smftool" "$share/fish/vendor_completions.d/smftool.fish"
build_with_cmake "$installed/usr"
echo "built $builds times"
