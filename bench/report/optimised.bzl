"""Binaries as they ship, whatever the rest of the build is: figures of others mean nothing."""

def _optimised_impl(_settings, _attr):
    return {"//command_line_option:compilation_mode": "opt"}

_optimised = transition(
    implementation = _optimised_impl,
    inputs = [],
    outputs = ["//command_line_option:compilation_mode"],
)

def _optimised_binaries_impl(ctx):
    runfiles = ctx.runfiles(files = ctx.files.binaries)
    for binary in ctx.attr.binaries:
        runfiles = runfiles.merge(binary[DefaultInfo].default_runfiles)
    return [DefaultInfo(files = depset(ctx.files.binaries), runfiles = runfiles)]

optimised_binaries = rule(
    doc = "The binaries and what they need, built with optimisation, at their usual places in the runfiles.",
    implementation = _optimised_binaries_impl,
    attrs = {
        "binaries": attr.label_list(cfg = _optimised, mandatory = True),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
)
