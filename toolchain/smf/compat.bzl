"""What differs between Bazel 4.2 and the ones that came after."""

_IS_LATER = hasattr(config_common, "toolchain_type")

# Bazel 4.2 builds what a toolchain depends on for the machine that builds, unless the rule asks
# otherwise; since 5.0 that is how it always is, and 9.0 rejects the argument.
TOOLCHAIN_TRANSITION = {} if _IS_LATER else {"incompatible_use_toolchain_transition": True}

def toolchain_of(toolchain_type):
    """Arguments that tell ctx.actions.run which toolchain its tool is from.

    Bazel chooses by it where to run the action; 4.2 knows no such thing.

    Args:
      toolchain_type: label of the toolchain type.

    Returns:
      A dict to pass with `**`.
    """
    return {"toolchain": toolchain_type} if _IS_LATER else {}
