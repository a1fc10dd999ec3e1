"""The toolchain: smftool, and the runtime that its modules are for."""

load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load(":compat.bzl", "TOOLCHAIN_TRANSITION")
load(":providers.bzl", "SmfToolchainInfo")

# A plain string would be looked for in the repository of whoever uses the rule; Bazel 4.2 takes no
# Label here.
TOOLCHAIN_TYPE = str(Label("//toolchain:toolchain_type"))

def _make_variables(smftool):
    return platform_common.TemplateVariableInfo({"SMFTOOL": smftool.path})

def _smf_toolchain_impl(ctx):
    runner = ctx.attr.runner
    return [
        platform_common.ToolchainInfo(
            smf = SmfToolchainInfo(
                runner = runner[DefaultInfo].files_to_run if runner else None,
                runtime = ctx.attr.runtime[CcInfo],
                smftool = ctx.attr.smftool[DefaultInfo].files_to_run,
            ),
        ),
        _make_variables(ctx.executable.smftool),
        DefaultInfo(files = depset([ctx.executable.smftool])),
    ]

def _toolchain_attrs(smftool_cfg):
    return {
        "runner": attr.label(
            cfg = "target",
            doc = "smftool once more, for the target platform: what `smf_test` runs. Needed by that rule alone.",
            executable = True,
        ),
        "runtime": attr.label(
            doc = "A C++ library that loads modules, for the target platform: what `smf_runtime` hands out.",
            mandatory = True,
            providers = [CcInfo],
        ),
        "smftool": attr.label(
            cfg = smftool_cfg,
            doc = "The program that makes modules, for the machine that builds.",
            executable = True,
            mandatory = True,
        ),
    }

smf_toolchain = rule(
    implementation = _smf_toolchain_impl,
    doc = """Describes an SMF toolchain, such as one of programs that were built elsewhere.

`toolchain()` makes Bazel find it, once that is registered ahead of this repository's own:

```python
smf_toolchain(
    name = "prebuilt",
    runtime = ":libsmf",       # cc_import or cc_library
    smftool = "bin/smftool",
)

toolchain(
    name = "prebuilt_toolchain",
    exec_compatible_with = ["@platforms//os:linux", "@platforms//cpu:x86_64"],
    target_compatible_with = ["@platforms//os:linux", "@platforms//cpu:x86_64"],
    toolchain = ":prebuilt",
    toolchain_type = "@smf//toolchain:toolchain_type",
)
```
""",
    attrs = _toolchain_attrs("exec"),
    provides = [platform_common.ToolchainInfo],
)

smf_tested_toolchain = rule(
    implementation = _smf_toolchain_impl,
    doc = "smf_toolchain with a smftool built as the code under test is: for that repository alone.",
    attrs = _toolchain_attrs("target"),
    provides = [platform_common.ToolchainInfo],
)

def _current_smf_toolchain_impl(ctx):
    toolchain = ctx.toolchains[TOOLCHAIN_TYPE]
    smftool = toolchain.smf.smftool.executable
    return [
        toolchain,
        _make_variables(smftool),
        DefaultInfo(files = depset([smftool]), runfiles = ctx.runfiles([smftool])),
    ]

current_smf_toolchain = rule(
    implementation = _current_smf_toolchain_impl,
    doc = "The toolchain that was found, as a target.",
    toolchains = [TOOLCHAIN_TYPE],
    **TOOLCHAIN_TRANSITION
)

def _smf_runtime_impl(ctx):
    return [ctx.toolchains[TOOLCHAIN_TYPE].smf.runtime]

smf_runtime = rule(
    implementation = _smf_runtime_impl,
    doc = "The runtime of the toolchain that was found, for the `deps` of a C++ target.",
    toolchains = [TOOLCHAIN_TYPE],
    provides = [CcInfo],
    **TOOLCHAIN_TRANSITION
)
