"""The toolchains: smftool, chosen by the machine that builds; the runtime, by the target platform.

They are two, so that a module can be packed for a platform for which nothing can be compiled here,
and so that who brings a smftool of their own still has the runtime from its sources.
"""

load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load(":compat.bzl", "TOOLCHAIN_TRANSITION")
load(":providers.bzl", "SmfRuntimeToolchainInfo", "SmfToolchainInfo")

# Plain strings would be looked for in the repository of whoever uses the rule; Bazel 4.2 takes no
# Label here.
TOOLCHAIN_TYPE = str(Label("//toolchain:toolchain_type"))
RUNTIME_TOOLCHAIN_TYPE = str(Label("//toolchain:runtime_toolchain_type"))

def _make_variables(smftool):
    return platform_common.TemplateVariableInfo({"SMFTOOL": smftool.path})

def _smf_toolchain_impl(ctx):
    return [
        platform_common.ToolchainInfo(
            smf = SmfToolchainInfo(smftool = ctx.attr.smftool[DefaultInfo].files_to_run),
        ),
        _make_variables(ctx.executable.smftool),
        DefaultInfo(files = depset([ctx.executable.smftool])),
    ]

def _smftool(cfg):
    return attr.label(
        # One that was built elsewhere is a file.
        allow_files = True,
        cfg = cfg,
        doc = "The program that makes modules, for the machine that builds.",
        executable = True,
        mandatory = True,
    )

smf_toolchain = rule(
    implementation = _smf_toolchain_impl,
    doc = """Describes a smftool to make modules with, such as one that was built elsewhere.

`toolchain()` makes Bazel find it, once that is registered ahead of this repository's own:

```python
smf_toolchain(
    name = "prebuilt",
    smftool = "bin/smftool",
)

toolchain(
    name = "prebuilt_toolchain",
    exec_compatible_with = ["@platforms//os:linux", "@platforms//cpu:x86_64"],
    toolchain = ":prebuilt",
    toolchain_type = "@smf//toolchain:toolchain_type",
)
```
""",
    attrs = {"smftool": _smftool("exec")},
    provides = [platform_common.ToolchainInfo],
)

smf_tested_toolchain = rule(
    implementation = _smf_toolchain_impl,
    doc = "smf_toolchain with a smftool built as the code under test is: for that repository alone.",
    attrs = {"smftool": _smftool("target")},
    provides = [platform_common.ToolchainInfo],
)

def _smf_runtime_toolchain_impl(ctx):
    runner = ctx.attr.runner
    return [
        platform_common.ToolchainInfo(
            smf = SmfRuntimeToolchainInfo(
                runner = runner[DefaultInfo].files_to_run if runner else None,
                runtime = ctx.attr.runtime[CcInfo],
            ),
        ),
    ]

smf_runtime_toolchain = rule(
    implementation = _smf_runtime_toolchain_impl,
    doc = """Describes the library that loads modules on a platform, such as one that was built elsewhere.

A `toolchain()` of the type `@smf//toolchain:runtime_toolchain_type` with `target_compatible_with`
makes Bazel find it.
""",
    attrs = {
        "runner": attr.label(
            cfg = "target",
            doc = "smftool for the target platform, which `smf_test` runs. Needed by that rule alone.",
            executable = True,
        ),
        "runtime": attr.label(
            doc = "The C++ library that `smf_runtime` hands out: a `cc_library` or `cc_import`.",
            mandatory = True,
            providers = [CcInfo],
        ),
    },
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
    return [ctx.toolchains[RUNTIME_TOOLCHAIN_TYPE].smf.runtime]

smf_runtime = rule(
    implementation = _smf_runtime_impl,
    doc = """The runtime of the toolchain that was found, for the `deps` of a C++ target.

```python
smf_runtime(name = "runtime")

cc_binary(
    name = "host",
    srcs = ["host.cc"],
    deps = [":runtime"],
)
```
""",
    provides = [CcInfo],
    toolchains = [RUNTIME_TOOLCHAIN_TYPE],
    **TOOLCHAIN_TRANSITION
)
