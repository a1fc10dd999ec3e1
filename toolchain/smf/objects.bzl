"""The object files of C and C++ libraries."""

load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")

def own_objects(target):
    """The object files that a cc_library itself contributes, without those of its dependencies.

    Args:
      target: one with CcInfo.

    Returns:
      A list of Files, position-independent where there is a choice.
    """
    objects = []
    for linker_input in target[CcInfo].linking_context.linker_inputs.to_list():
        if linker_input.owner != target.label:
            continue
        for library in linker_input.libraries:
            objects.extend(library.pic_objects or library.objects or [])
    return objects
