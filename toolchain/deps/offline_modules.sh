#!/bin/sh
# Lets Bazel 7 build this repository without a network: makes a module out of every
# library that the distribution installed, and writes the bazelrc lines that put these
# in place of the ones in the registry.
#
#   toolchain/deps/offline_modules.sh /var/tmp/smf-modules > user.bazelrc
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=${1:?usage: offline_modules.sh DIRECTORY}
mkdir -p "$out/registry"

module() {
    mkdir -p "$out/$1"
    printf 'module(name = "%s", version = "0.system")\n' "$1" > "$out/$1/MODULE.bazel"
    echo "common --override_module=$1=$out/$1"
}

library() {
    name=$1
    shift
    module "$name"
    echo 'bazel_dep(name = "rules_cc", version = "0.0.11")' >> "$out/$name/MODULE.bazel"
    cp "$here/$name.BUILD" "$out/$name/BUILD.bazel"
    mkdir -p "$out/$name/include"
    for header; do
        test -e "/usr/include/$header" || { echo "$name: /usr/include/$header is missing" >&2; exit 1; }
        ln -sfn "/usr/include/$header" "$out/$name/include/$header"
    done
}

library cli11 CLI
library fmt fmt
library google_benchmark benchmark
library lz4 lz4.h lz4hc.h lz4frame.h
library nlohmann_json nlohmann
library simdjson simdjson.h
library xxhash xxhash.h xxh3.h
library zstd zstd.h zstd_errors.h zdict.h
library googletest
ln -sfn /usr/src/googletest/googletest "$out/googletest/googletest"
ln -sfn /usr/src/googletest/googlemock "$out/googletest/googlemock"

# The rules that Bazel 7 has built in, where today's rules_shell keeps them.
module rules_shell
mkdir -p "$out/rules_shell/shell"
: > "$out/rules_shell/shell/BUILD.bazel"
for rule in sh_binary sh_library sh_test; do
    printf 'def %s(**kwargs):\n    native.%s(**kwargs)\n' $rule $rule > "$out/rules_shell/shell/$rule.bzl"
done

# Wanted by others' MODULE.bazel, loaded by nobody here.
for name in apple_support buildozer protobuf zlib; do
    module $name
done

# toolchain/deps/extensions.bzl: what no registry has.
echo "common --repo_env=SMF_SYSTEM_LIBRARIES=1"
# A test asks which libraries ours needs.
echo "test --test_env=SMF_SYSTEM_LIBRARIES=1"

echo "common --registry=file://$out/registry"
