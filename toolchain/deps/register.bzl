"""Toolchains for WORKSPACE builds."""

load("@bazel_skylib//:workspace.bzl", "bazel_skylib_workspace")
load("//toolchain/cc:configure.bzl", "smf_cc_configure")

# buildifier: disable=unnamed-macro
def smf_register_toolchains():
    """Registers what MODULE.bazel registers for the Bazels that read it."""
    smf_cc_configure(name = "smf_cc")
    native.register_toolchains("@smf_cc//default:all")
    bazel_skylib_workspace()
