"""smf_pack_aspect: modules of C and C++ libraries that nobody wrote a target for."""

load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load(":compat.bzl", "TOOLCHAIN_TRANSITION")
load(":objects.bzl", "own_objects")
load(":pack.bzl", "of_file", "pack")
load(":platform.bzl", "PLATFORM_ATTRS", "target_arch", "target_system")
load(":providers.bzl", "SmfInfo", "make_smf_info")
load(":toolchain.bzl", "TOOLCHAIN_TYPE")

def _smf_pack_aspect_impl(target, ctx):
    if SmfInfo in target:
        return []
    deps = getattr(ctx.rule.attr, "deps", [])
    if type(deps) != "list":
        deps = []
    dependencies = depset(
        transitive = [dep[SmfInfo].transitive_modules for dep in deps if SmfInfo in dep],
        order = "postorder",
    )
    module = None
    arch = target_arch(ctx)
    system = target_system(ctx)
    if CcInfo in target and ctx.rule.kind == "cc_library" and arch and system:
        objects = own_objects(target)
        if objects:
            module = ctx.actions.declare_file(ctx.label.name + ".smf")
            pack(ctx, module, arch, system, objects, [of_file("--object", file) for file in objects])
    info = make_smf_info(
        arch = arch if module else None,
        dependencies = dependencies,
        module = module,
        platform = system if module else None,
    )
    return [info, OutputGroupInfo(smf = info.transitive_modules)]

smf_pack_aspect = aspect(
    implementation = _smf_pack_aspect_impl,
    doc = """Packs each `cc_library` that it meets along `deps` into a module of its own.

```sh
bazel build --aspects=@smf//toolchain:defs.bzl%smf_pack_aspect --output_groups=smf //some:library
```

A rule that names it in `attr.label_list(aspects = [smf_pack_aspect])` finds `SmfInfo` in these
targets. Modules that are on the way are collected as they are.
""",
    attr_aspects = ["deps"],
    attrs = PLATFORM_ATTRS,
    toolchains = [TOOLCHAIN_TYPE],
    **TOOLCHAIN_TRANSITION
)
