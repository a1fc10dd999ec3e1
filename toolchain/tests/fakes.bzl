"""Toolchains of nothing, for tests that look at actions and run none."""

load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")

def _fake_tool_impl(ctx):
    tool = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(tool, "#!/bin/sh\nexit 1\n", is_executable = True)
    return [DefaultInfo(executable = tool, files = depset([tool]))]

fake_tool = rule(
    implementation = _fake_tool_impl,
    executable = True,
)

def _fake_library_impl(_ctx):
    return [CcInfo()]

fake_library = rule(
    implementation = _fake_library_impl,
    provides = [CcInfo],
)
