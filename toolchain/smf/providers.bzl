"""What the rules tell each other."""

SmfInfo = provider(
    doc = "A module, and the modules that it needs at run time. smf_library has no module of its own.",
    fields = {
        "arch": "The processor that the module is for, as smftool names it (`x86-64`); None without a module.",
        "dependencies": "depset of Files: the modules that this one needs, without itself.",
        "instantiations": "list of the symbols that were compiled ahead of time into it.",
        "module": "The module's File, or None.",
        "note": "The File of note.sdn that it was packed with, or None.",
        "platform": "The system that the module is for, as smftool names it (`linux`); None without a module.",
        "transitive_modules": "depset of Files: what it needs, in an order in which that can be loaded, and itself.",
    },
)

SmfToolchainInfo = provider(
    doc = "What it takes to make modules. A toolchain of the type `@smf//toolchain:toolchain_type` has it in its field `smf`.",
    fields = {"smftool": "FilesToRunProvider of smftool, for the machine that builds."},
)

SmfRuntimeToolchainInfo = provider(
    doc = "What it takes to load modules. A toolchain of the type `@smf//toolchain:runtime_toolchain_type` has it in its field `smf`.",
    fields = {
        "runner": "FilesToRunProvider of a smftool for the target platform, which tests run; or None.",
        "runtime": "CcInfo of the library that loads modules.",
    },
)

def make_smf_info(module, dependencies, note = None, arch = None, platform = None, instantiations = []):
    """SmfInfo, its depset of all modules made from the others.

    Args:
      module: a File, or None.
      dependencies: depset of Files.
      note: a File, or None.
      arch: as smftool names it.
      platform: as smftool names it.
      instantiations: list of symbols.

    Returns:
      The provider.
    """
    return SmfInfo(
        arch = arch,
        dependencies = dependencies,
        instantiations = instantiations,
        module = module,
        note = note,
        platform = platform,
        transitive_modules = depset([module] if module else [], transitive = [dependencies], order = "postorder"),
    )
