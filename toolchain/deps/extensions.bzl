"""Module extension for Bazel 7 and later. Bazel 4.2 has no such thing and never loads this file."""

load(":unregistered.bzl", "archive_of_asmjit", "archive_of_capstone", "system_asmjit", "system_capstone")
load(":uplot.bzl", "uplot")

def _unregistered_impl(module_ctx):
    if module_ctx.getenv("SMF_SYSTEM_LIBRARIES") == "1":
        system_asmjit()
        system_capstone()
    else:
        archive_of_asmjit()
        archive_of_capstone()

unregistered = module_extension(
    doc = "Libraries that the registry lacks. With --repo_env=SMF_SYSTEM_LIBRARIES=1 those of this machine.",
    implementation = _unregistered_impl,
)

def _reporting_impl(_):
    uplot(name = "uplot")

reporting = module_extension(
    doc = "What the nightly report is made with.",
    implementation = _reporting_impl,
)
