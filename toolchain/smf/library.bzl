"""smf_library: modules under one name."""

load(":module.bzl", "gather_dependencies", "module_runfiles")
load(":providers.bzl", "SmfInfo", "make_smf_info")

def _smf_library_impl(ctx):
    modules = gather_dependencies(ctx, ctx.attr.deps)
    return [
        DefaultInfo(files = modules, runfiles = module_runfiles(ctx, None, ctx.attr.deps)),
        OutputGroupInfo(smf = modules),
        make_smf_info(module = None, dependencies = modules),
    ]

smf_library = rule(
    implementation = _smf_library_impl,
    doc = """Groups modules under one name.

As `data` of a program it brings them all along, with what they need; as a file list it is all of
them, each after those that it needs.
""",
    attrs = {
        "deps": attr.label_list(
            allow_empty = False,
            doc = "`smf_module`, `smf_instantiate` or `smf_library` targets.",
            mandatory = True,
            providers = [SmfInfo],
        ),
    },
    provides = [SmfInfo],
)
