"""Which system and processor a module is for: those of the target platform, unless told otherwise.

Never those of the machine that builds: the same target has the same module wherever it is built.
"""

# As smftool names them, by the constraints of @platforms.
_ARCHS = {
    "aarch64": "aarch64",
    "arm": "arm",
    "riscv64": "riscv64",
    "x86_32": "x86",
    "x86_64": "x86-64",
}
_SYSTEMS = {
    "freebsd": "freebsd",
    "linux": "linux",
    "macos": "macos",
    "none": "bare-metal",
    "windows": "windows",
}

# Those that smftool knows.
ARCHS = ["aarch64", "arm", "riscv32", "riscv64", "wasm32", "wasm64", "x86", "x86-64"]
PLATFORMS = ["any", "bare-metal", "freebsd", "linux", "macos", "windows"]

# Of a rule that asks for its target platform.
PLATFORM_ATTRS = {
    "_archs": attr.label_list(
        default = [Label("@platforms//cpu:" + name) for name in _ARCHS],
        providers = [platform_common.ConstraintValueInfo],
    ),
    "_systems": attr.label_list(
        default = [Label("@platforms//os:" + name) for name in _SYSTEMS],
        providers = [platform_common.ConstraintValueInfo],
    ),
}

def _match(ctx, constraints, names):
    for constraint in constraints:
        if ctx.target_platform_has_constraint(constraint[platform_common.ConstraintValueInfo]):
            return names[constraint.label.name]
    return None

def target_arch(ctx):
    """The processor of the target platform as smftool names it; None for another."""
    return _match(ctx, ctx.attr._archs, _ARCHS)

def target_system(ctx):
    """The system of the target platform as smftool names it; None for another."""
    return _match(ctx, ctx.attr._systems, _SYSTEMS)
