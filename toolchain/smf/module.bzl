"""smf_module: a module out of objects, templates, a note and data."""

load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load(":checks.bzl", "check_compression", "check_hash", "check_parameters", "check_section_name", "check_size", "first_repeated")
load(":compat.bzl", "TOOLCHAIN_TRANSITION")
load(":objects.bzl", "own_objects")
load(":pack.bzl", "of_file", "of_flag", "of_value", "pack")
load(":platform.bzl", "ARCHS", "PLATFORMS", "PLATFORM_ATTRS", "target_arch", "target_system")
load(":providers.bzl", "SmfInfo", "make_smf_info")
load(":toolchain.bzl", "TOOLCHAIN_TYPE")

_APP_TYPES = ["cli", "tui", "gui", "service", "repl"]

def _refuse(ctx, problem):
    fail("{}: {}".format(ctx.label, problem))

def _check(ctx, problem):
    if problem:
        _refuse(ctx, problem)

def gather_dependencies(ctx, deps):
    """The modules of `deps`, each with those that it needs.

    Args:
      ctx: of a rule.
      deps: list of targets with SmfInfo.

    Returns:
      A depset of Files.
    """
    modules = {}
    for dep in deps:
        module = dep[SmfInfo].module
        if module and module in modules:
            _refuse(ctx, "deps name one module twice, as {} and as {}; leave one of them out".format(modules[module], dep.label))
        if module:
            modules[module] = dep.label
    return depset(transitive = [dep[SmfInfo].transitive_modules for dep in deps], order = "postorder")

def module_runfiles(ctx, module, deps):
    """What has to be there at run time.

    Args:
      ctx: of a rule.
      module: its File, or None.
      deps: list of targets with SmfInfo.

    Returns:
      The runfiles.
    """
    runfiles = ctx.runfiles([module] if module else [])
    for dep in deps:
        runfiles = runfiles.merge(dep[DefaultInfo].default_runfiles)
    return runfiles

def _one_file(ctx, attribute, target):
    files = target[DefaultInfo].files.to_list()
    if len(files) != 1:
        _refuse(ctx, "{} of {}: expected one file, not {}; name them one by one".format(attribute, target.label, len(files)))
    return files[0]

def _object_options(ctx):
    objects = list(ctx.files.srcs)
    for library in ctx.attr.objects:
        own = own_objects(library)
        if not own:
            _refuse(ctx, "objects: {} has no object files of its own; name the libraries that have sources".format(library.label))
        objects.extend(own)
    return [of_file("--object", file) for file in objects]

def _template_options(ctx):
    if ctx.attr.generics and not ctx.files.templates:
        _refuse(ctx, "generics name parameters of templates, and there are no templates; add some or leave generics out")
    for name, parameters in ctx.attr.generics.items():
        _check(ctx, check_parameters(name, parameters))
    return (
        [of_file("--template", file) for file in ctx.files.templates] +
        [of_file("--types", file) for file in ctx.files.types] +
        [of_value("--generic", name + "=" + ",".join(parameters)) for name, parameters in ctx.attr.generics.items()]
    )

def _section_options(ctx):
    options = []
    names = []
    for target, text in ctx.attr.sections.items():
        name, colon, kind = text.partition(":")
        _check(ctx, check_section_name(name))
        if not colon or not kind:
            _refuse(ctx, "section '{}' of {} has no type; expected NAME:TYPE or NAME:TYPE:FLAGS, as in 'table:rodata'".format(text, target.label))
        names.append(name)
        options.append(of_file("--section", _one_file(ctx, "sections", target), text))
    for target, name in ctx.attr.data.items():
        _check(ctx, check_section_name(name))
        names.append(name)
        options.append(of_file("--data", _one_file(ctx, "data", target), name))
    twice = first_repeated(names)
    if twice != None:
        _refuse(ctx, "two sections are named '{}'; rename one of them in data or sections".format(twice))
    return options

def _has_code(ctx, objects):
    return bool(objects) or bool([True for text in ctx.attr.sections.values() if text.split(":")[1] == "code"])

def _symbol_options(ctx, objects):
    if ctx.attr.entry and not _has_code(ctx, objects):
        _refuse(ctx, "entry '{}' in a module without code; add objects or srcs, or leave entry out".format(ctx.attr.entry))
    if ctx.attr.exports and not objects:
        _refuse(ctx, "exports of a module without objects; add objects or srcs, or leave exports out")
    twice = first_repeated(ctx.attr.exports)
    if twice != None:
        _refuse(ctx, "exports name '{}' twice; leave one of them out".format(twice))
    entry = [of_value("--entry", ctx.attr.entry)] if ctx.attr.entry else []
    return entry + [of_value("--export", symbol) for symbol in ctx.attr.exports]

def _shape_options(ctx):
    _check(ctx, check_compression(ctx.attr.compression))
    if ctx.file.stub and ctx.attr.shebang:
        _refuse(ctx, "stub and shebang both say what comes in front of the module; choose one")
    options = [of_value("--compress", ctx.attr.compression)]
    if ctx.attr.compress_code:
        if ctx.attr.compression == "none":
            _refuse(ctx, "compress_code without compression; set compression, to 'zstd' for example")
        options.append(of_flag("--compress-code"))
    if ctx.file.stub:
        options.append(of_file("--stub", ctx.file.stub))
    if ctx.attr.shebang:
        options.append(of_value("--stub", "shebang"))
    if ctx.attr.jit_room == "none":
        options.append(of_flag("--no-jit-room"))
    elif ctx.attr.jit_room:
        _check(ctx, check_size(ctx.attr.jit_room))
        options.append(of_value("--jit-room", ctx.attr.jit_room))
    return options

def _header_options(ctx):
    options = []
    if ctx.attr.app_type:
        options.append(of_value("--app-type", ctx.attr.app_type))
    if ctx.attr.reloadable:
        options.append(of_flag("--reloadable"))
    if ctx.attr.source_hash:
        _check(ctx, check_hash(ctx.attr.source_hash))
        options.append(of_value("--source-hash", ctx.attr.source_hash))
    return options

def _note_options(ctx):
    return [of_file("--note", ctx.file.note)] if ctx.file.note else []

def _smf_module_impl(ctx):
    arch = ctx.attr.arch or target_arch(ctx)
    platform = ctx.attr.platform or target_system(ctx)
    if not arch:
        _refuse(ctx, "the target platform has no processor that modules are made for; set arch")
    if not platform:
        _refuse(ctx, "the target platform has no system that modules are made for; set platform, to 'any' for example")
    objects = _object_options(ctx)
    contents = objects + _section_options(ctx) + _template_options(ctx) + _note_options(ctx)
    if not contents:
        _refuse(ctx, "nothing to pack; give it objects, srcs, templates, types, note, data or sections")
    options = contents + _symbol_options(ctx, objects) + _shape_options(ctx) + _header_options(ctx)

    module = ctx.actions.declare_file(ctx.label.name + ".smf")
    pack(ctx, module, arch, platform, [option.file for option in options if option.file], options)
    return [
        DefaultInfo(files = depset([module]), runfiles = module_runfiles(ctx, module, ctx.attr.deps)),
        OutputGroupInfo(smf = depset([module])),
        make_smf_info(
            arch = arch,
            dependencies = gather_dependencies(ctx, ctx.attr.deps),
            module = module,
            note = ctx.file.note,
            platform = platform,
        ),
    ]

_CONTENTS = {
    "data": attr.label_keyed_string_dict(
        allow_files = True,
        doc = "Data sections: file to name, as in `{\"prices.bin\": \"prices\"}`. A name has at most 16 bytes.",
    ),
    "generics": attr.string_list_dict(doc = "Parameters of templates whose JSON names none: `{\"push\": [\"T\"]}`."),
    "note": attr.label(
        allow_single_file = [".sdn"],
        doc = "The text of note.sdn: which instantiations there are, and which are possible.",
    ),
    "objects": attr.label_list(
        doc = "`cc_library` targets: their own object files go in, not those of what they depend on.",
        providers = [CcInfo],
    ),
    "sections": attr.label_keyed_string_dict(
        allow_files = True,
        doc = "Sections of any type: file to `NAME:TYPE` or `NAME:TYPE:FLAGS`, as in `{\"t.bin\": \"table:rodata\"}`.",
    ),
    "srcs": attr.label_list(
        allow_files = [".o", ".a"],
        doc = "ELF objects and archives that are there already, or that a genrule makes.",
    ),
    "templates": attr.label_list(
        allow_files = [".json", ".mir"],
        doc = "Generic templates: what the compiler prints, or MIR's text form.",
    ),
    "types": attr.label_list(
        allow_files = [".json", ".mir"],
        doc = "Definitions of the types that templates use.",
    ),
}

_SHAPE = {
    "compress_code": attr.bool(doc = "Code is compressed too; it then cannot be run where it is mapped."),
    "compression": attr.string(
        default = "none",
        doc = "`none`, `zstd`, `zstd:LEVEL` (1 to 22), `lz4` or `lz4:LEVEL` (1 to 12): of sections of 256 bytes and more that are no code, note or template.",
    ),
    "entry": attr.string(doc = "The symbol at which the module starts. Makes it executable."),
    "exports": attr.string_list(doc = "Symbols of the objects that others see; without any, all that are global."),
    "jit_room": attr.string(doc = "Room for instantiations that are kept in the module: bytes, `64K`, `1M`; or `none`. By default a tenth of the code and at least 64K, where there are templates."),
    "shebang": attr.bool(doc = "Put the line `#!/usr/bin/env simple` in front."),
    "stub": attr.label(allow_single_file = True, doc = "A program to put in front."),
}

_HEADER = {
    "app_type": attr.string(doc = "`cli`, `tui`, `gui`, `service` or `repl`.", values = [""] + _APP_TYPES),
    "arch": attr.string(doc = "The processor it is for; by default that of the target platform.", values = [""] + ARCHS),
    "platform": attr.string(doc = "The system it is for; by default that of the target platform.", values = [""] + PLATFORMS),
    "reloadable": attr.bool(doc = "It may be replaced while it runs."),
    "source_hash": attr.string(doc = "A hash of the sources, up to 16 hexadecimal digits, for whoever compares it."),
}

_DEPS = {
    "deps": attr.label_list(
        doc = "Modules that this one needs at run time. They come along where it is `data` of a program.",
        providers = [SmfInfo],
    ),
}

smf_module = rule(
    implementation = _smf_module_impl,
    doc = """Packs a module, `NAME.smf`, out of objects, templates, a note and data.

```python
smf_module(
    name = "shop",
    data = {"prices.bin": "prices"},
    note = "note.sdn",
    objects = [":shop_code"],
    templates = ["list.json"],
)
```

One action makes it, from exactly these files: a change of the note packs anew and compiles nothing.
""",
    attrs = dict(dict(dict(_CONTENTS, **_SHAPE), **dict(_HEADER, **_DEPS)), **PLATFORM_ATTRS),
    provides = [SmfInfo],
    toolchains = [TOOLCHAIN_TYPE],
    **TOOLCHAIN_TRANSITION
)
