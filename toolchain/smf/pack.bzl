"""The action that makes a module."""

load(":compat.bzl", "toolchain_of")
load(":toolchain.bzl", "TOOLCHAIN_TYPE")

def pack(ctx, output, arch, platform, inputs, options):
    """Runs `smftool pack`.

    What it makes depends on the inputs, the options and smftool alone. It uses one processor: Bazel
    knows better how many are free.

    Args:
      ctx: of a rule or an aspect with the toolchain.
      output: the File to make.
      arch: the processor that the module is for, as smftool names it.
      platform: the system, as smftool names it.
      inputs: list of the Files that the options name.
      options: list of what of_file(), of_value() and of_flag() make.
    """
    smftool = ctx.toolchains[TOOLCHAIN_TYPE].smf.smftool
    args = ctx.actions.args()
    args.add(smftool.executable)
    args.add("pack")
    args.add("-o", output)
    args.add("--jobs", "1")
    args.add("--arch", arch)
    args.add("--platform", platform)
    for option in options:
        if option.name:
            args.add_joined(option.flag, [option.name, option.file], join_with = "=")
        elif option.file:
            args.add(option.flag, option.file)
        elif option.value:
            args.add(option.flag, option.value)
        else:
            args.add(option.flag)

    # Warnings are shown; that all went well is not worth a line.
    ctx.actions.run_shell(
        arguments = [args],
        command = "exec \"$@\" > /dev/null",
        inputs = inputs,
        outputs = [output],
        mnemonic = "SmfPack",
        progress_message = "Packing %s" % output.short_path,
        tools = [smftool],
        **toolchain_of(TOOLCHAIN_TYPE)
    )

def of_file(flag, file, name = None):
    """An option with a file, and NAME= in front of that where there is a name."""
    return struct(file = file, flag = flag, name = name, value = None)

def of_value(flag, value):
    """An option with a text."""
    return struct(file = None, flag = flag, name = None, value = value)

def of_flag(flag):
    """An option that stands alone."""
    return struct(file = None, flag = flag, name = None, value = None)
