"""Third-party repositories for WORKSPACE builds, found on the system, never downloaded.

Each repository has the same name and the same public labels as the module of that
name in the Bazel Central Registry, so BUILD files need not know which of the two
they are built with.
"""

load("@bazel_tools//tools/build_defs/repo:utils.bzl", "maybe")
load(":coverage.bzl", "coverage_tools")
load(":native_rules.bzl", "native_rules")
load(":rules_cc.bzl", "distro_rules_cc")
load(":system.bzl", "system_library", "system_source")
load(":unregistered.bzl", "system_asmjit", "system_capstone")
load(":uplot.bzl", "uplot")

def smf_dependencies():
    """Declares every external repository. Call this first in WORKSPACE."""
    maybe(distro_rules_cc, name = "rules_cc")
    maybe(coverage_tools, name = "remote_coverage_tools")

    # Nothing here is in Java, but resolving any toolchain loads @bazel_tools//tools/jdk,
    # and that loads these.
    maybe(native_rules, name = "rules_java", package = "java", rules = ["java_binary", "java_import", "java_library", "java_runtime", "java_toolchain"])
    maybe(native_rules, name = "rules_python", package = "python", rules = ["py_binary", "py_library", "py_test"])
    maybe(native_rules, name = "rules_shell", package = "shell", rules = ["sh_binary", "sh_library", "sh_test"])
    maybe(native.local_repository, name = "bazel_skylib", path = "/usr/share/bazel/tools/skylib")
    maybe(native.local_repository, name = "platforms", path = "/usr/share/bazel/platforms")

    maybe(system_asmjit, name = "asmjit")
    maybe(system_capstone, name = "capstone")
    maybe(
        system_source,
        name = "googletest",
        apt = "libgtest-dev libgmock-dev googletest",
        build_file = Label("//toolchain/deps:googletest.BUILD"),
        dirs = {"googletest": "/usr/src/googletest/googletest", "googlemock": "/usr/src/googletest/googlemock"},
    )
    maybe(
        system_library,
        name = "google_benchmark",
        apt = "libbenchmark-dev",
        build_file = Label("//toolchain/deps:google_benchmark.BUILD"),
        headers = ["benchmark"],
    )
    maybe(
        system_library,
        name = "simdjson",
        apt = "libsimdjson-dev",
        build_file = Label("//toolchain/deps:simdjson.BUILD"),
        headers = ["simdjson.h"],
    )
    maybe(
        system_library,
        name = "xxhash",
        apt = "libxxhash-dev",
        build_file = Label("//toolchain/deps:xxhash.BUILD"),
        headers = ["xxhash.h", "xxh3.h"],
    )
    maybe(
        system_library,
        name = "zstd",
        apt = "libzstd-dev",
        build_file = Label("//toolchain/deps:zstd.BUILD"),
        headers = ["zstd.h", "zstd_errors.h", "zdict.h"],
    )
    maybe(
        system_library,
        name = "lz4",
        apt = "liblz4-dev",
        build_file = Label("//toolchain/deps:lz4.BUILD"),
        headers = ["lz4.h", "lz4hc.h", "lz4frame.h"],
    )
    maybe(
        system_library,
        name = "fmt",
        apt = "libfmt-dev",
        build_file = Label("//toolchain/deps:fmt.BUILD"),
        headers = ["fmt"],
    )
    maybe(
        system_library,
        name = "cli11",
        apt = "libcli11-dev",
        build_file = Label("//toolchain/deps:cli11.BUILD"),
        headers = ["CLI"],
    )
    maybe(
        system_library,
        name = "nlohmann_json",
        apt = "nlohmann-json3-dev",
        build_file = Label("//toolchain/deps:nlohmann_json.BUILD"),
        headers = ["nlohmann"],
    )
    maybe(uplot, name = "uplot")
