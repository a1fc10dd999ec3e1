"""Toolchains for WORKSPACE builds."""

load("@bazel_skylib//:workspace.bzl", "bazel_skylib_workspace")
load("//toolchain/cc:configure.bzl", "smf_cc_configure")

# buildifier: disable=unnamed-macro
def smf_register_toolchains(cc = True):
    """Registers what MODULE.bazel registers for the Bazels that read it.

    Args:
      cc: whether to register this repository's C++ compilers too. Whoever has some sets it to False.
    """
    if cc:
        smf_cc_configure(name = "smf_cc")
        native.register_toolchains("@smf_cc//default:all")
    native.register_toolchains(
        "@smf//toolchain:from_source_toolchain",
        "@smf//toolchain:runtime_from_source_toolchain",
    )
    bazel_skylib_workspace()
