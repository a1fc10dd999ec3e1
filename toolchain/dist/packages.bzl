"""Rules that make files for people without Bazel out of targets.

None of what they make says that Bazel was there: paths of its folders stay out of names, of debug
information, of everything. Programs of the system do the work: python3, and the toolchain's ar and
strip.
"""

load("@rules_cc//cc:find_cc_toolchain.bzl", "find_cc_toolchain", "use_cc_toolchain")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")

_CC_TOOLCHAIN = {
    "_cc_toolchain": attr.label(default = Label("@rules_cc//cc:current_cc_toolchain")),
}

def _is_ours(file):
    """Not of another repository: the path of those begins with `../`."""
    return file.short_path.startswith("runtime/")

def _run_python(ctx, script, arguments, inputs, outputs, **kwargs):
    """Runs a script of this folder."""
    ctx.actions.run_shell(
        command = "python3 \"$@\"",
        arguments = [script.path, arguments],
        inputs = depset([script], transitive = [inputs]),
        outputs = outputs,
        use_default_shell_env = True,
        **kwargs
    )

def _made(ctx):
    """What a rule gives: the one file, to those who build it and to tests."""
    return [DefaultInfo(files = depset([ctx.outputs.out]), runfiles = ctx.runfiles([ctx.outputs.out]))]

def _objects(targets):
    """The objects of the targets and of all of ours that they depend on, for position-independent code."""
    objects = {}
    for target in targets:
        for linker_input in target[CcInfo].linking_context.linker_inputs.to_list():
            for library in linker_input.libraries:
                for file in library.pic_objects or library.objects or []:
                    if _is_ours(file):
                        objects[file] = None
    return objects.keys()

def _member(object):
    """The name in the archive: that of the room and of the source, jit_persisting.o."""
    room, _, name = object.short_path[len("runtime/"):].partition("/_objs/")
    stem = name.partition("/")[2].rpartition("/")[2].replace(".pic.o", "").replace(".o", "")
    return room.replace("/", "_") + "_" + stem + ".o"

def _static_library_impl(ctx):
    objects = _objects(ctx.attr.deps)
    cc_toolchain = find_cc_toolchain(ctx)
    arguments = ctx.actions.args()
    arguments.add_all([cc_toolchain.ar_executable, cc_toolchain.strip_executable, ctx.outputs.out])
    for object in objects:
        arguments.add(object, format = _member(object) + "=%s")
    _run_python(
        ctx,
        ctx.file._script,
        arguments,
        depset(objects, transitive = [cc_toolchain.all_files]),
        [ctx.outputs.out],
        mnemonic = "SmfArchive",
        progress_message = "Collecting %s" % ctx.outputs.out.short_path,
    )
    return _made(ctx)

static_library = rule(
    implementation = _static_library_impl,
    doc = "One archive of the objects of libraries and of what they depend on in this repository, stripped.",
    attrs = dict(
        _CC_TOOLCHAIN,
        deps = attr.label_list(providers = [CcInfo], mandatory = True),
        out = attr.output(mandatory = True),
        _script = attr.label(default = Label("//toolchain/dist:static_library.py"), allow_single_file = True),
    ),
    toolchains = use_cc_toolchain(),
)

def _stripped_impl(ctx):
    cc_toolchain = find_cc_toolchain(ctx)
    ctx.actions.run_shell(
        command = "\"$@\"",
        arguments = [
            cc_toolchain.strip_executable,
            "--strip-unneeded",
            "--remove-section=.comment",
            "-o",
            ctx.outputs.out.path,
            ctx.file.src.path,
        ],
        inputs = depset([ctx.file.src], transitive = [cc_toolchain.all_files]),
        outputs = [ctx.outputs.out],
        mnemonic = "SmfStrip",
        progress_message = "Stripping %s" % ctx.file.src.short_path,
    )
    return _made(ctx)

stripped = rule(
    implementation = _stripped_impl,
    doc = "A program or a shared library without debug information and names that nobody needs.",
    attrs = dict(
        _CC_TOOLCHAIN,
        src = attr.label(allow_single_file = True, mandatory = True),
        out = attr.output(mandatory = True),
    ),
    toolchains = use_cc_toolchain(),
)

def _headers_impl(ctx):
    found = {}
    for target in ctx.attr.deps:
        for file in target[CcInfo].compilation_context.headers.to_list():
            if _is_ours(file):
                found[file] = None
    arguments = ctx.actions.args()
    arguments.add(ctx.outputs.out)
    arguments.add_all(ctx.attr.public, before_each = "--public")
    for file in found.keys():
        arguments.add(file, format = file.short_path + "=%s")
    _run_python(
        ctx,
        ctx.file._script,
        arguments,
        depset(found.keys()),
        [ctx.outputs.out],
        mnemonic = "SmfHeaders",
        progress_message = "Collecting headers",
    )
    return _made(ctx)

headers = rule(
    implementation = _headers_impl,
    doc = "A tar file of the public headers and of those that they include.",
    attrs = {
        "deps": attr.label_list(providers = [CcInfo], mandatory = True),
        "out": attr.output(mandatory = True),
        "public": attr.string_list(mandatory = True, doc = "As #include has them."),
        "_script": attr.label(default = Label("//toolchain/dist:headers.py"), allow_single_file = True),
    },
)

def _is_optimised(ctx):
    """Whether it is for others. What is made for a test is compressed in a tenth of the time."""
    return ctx.var["COMPILATION_MODE"] == "opt"

def _tarball_impl(ctx):
    arguments = ctx.actions.args()
    arguments.add(ctx.outputs.out)
    arguments.add(ctx.attr.folder, format = "--folder=%s")
    arguments.add(ctx.attr.date, format = "--date=%s")
    arguments.add("--level={}".format(9 if _is_optimised(ctx) else 1))
    inputs = []
    for target, place in ctx.attr.files.items() + ctx.attr.programs.items():
        option = "--program=" if target in ctx.attr.programs else "--file="
        files = target.files.to_list()
        inputs.extend(files)
        for file in files:
            # A place that ends with / is a folder.
            path = place + file.basename if place.endswith("/") else place
            arguments.add(file, format = option + path + "=%s")
    for name, target in ctx.attr.links.items():
        arguments.add("--link={}={}".format(name, target))
    arguments.add(ctx.file.headers, format = "--tar=include/smf=%s")
    _run_python(
        ctx,
        ctx.file._script,
        arguments,
        depset(inputs + [ctx.file.headers]),
        [ctx.outputs.out],
        mnemonic = "SmfTarball",
        progress_message = "Packing %s" % ctx.outputs.out.short_path,
    )
    return _made(ctx)

tarball = rule(
    implementation = _tarball_impl,
    doc = "A .tar.gz whose bytes depend on nothing but what is in it.",
    attrs = {
        "date": attr.string(mandatory = True, doc = "Of every file, in seconds since 1970."),
        "files": attr.label_keyed_string_dict(allow_files = True, doc = "File: its place below the folder."),
        "folder": attr.string(mandatory = True, doc = "The one folder that all is in."),
        "headers": attr.label(allow_single_file = [".tar"], mandatory = True),
        "links": attr.string_dict(doc = "Symbolic link: where it leads."),
        "out": attr.output(mandatory = True),
        "programs": attr.label_keyed_string_dict(allow_files = True, doc = "As files; to be executed."),
        "_script": attr.label(default = Label("//toolchain/dist:tarball.py"), allow_single_file = True),
    },
)

def _debian_package_impl(ctx):
    arguments = ctx.actions.args()
    arguments.add_all([ctx.file.tarball, ctx.outputs.out])
    arguments.add(ctx.attr.version, format = "--version=%s")
    arguments.add(ctx.attr.abi_version, format = "--abi=%s")
    arguments.add(ctx.attr.date, format = "--date=%s")
    arguments.add("--level={}".format(6 if _is_optimised(ctx) else 1))
    arguments.add(ctx.file.control, format = "--control=%s")
    arguments.add(ctx.file.copyright, format = "--copyright=%s")
    arguments.add(ctx.file.overrides, format = "--overrides=%s")

    # ./bazelw build --define='maintainer=NAME <ADDRESS>' //:dist
    arguments.add(ctx.var.get("maintainer", ctx.attr.maintainer), format = "--maintainer=%s")
    _run_python(
        ctx,
        ctx.file._script,
        arguments,
        depset([ctx.file.tarball, ctx.file.control, ctx.file.copyright, ctx.file.overrides]),
        [ctx.outputs.out],
        # Which packages the libraries are in is up to this machine.
        execution_requirements = {"no-remote": "1", "no-cache": "1"},
        mnemonic = "SmfDeb",
        progress_message = "Packing %s" % ctx.outputs.out.short_path,
    )
    return _made(ctx)

debian_package = rule(
    implementation = _debian_package_impl,
    doc = "A .deb of what is in the tarball, for the Debian that it is built on.",
    attrs = {
        "abi_version": attr.string(mandatory = True),
        "control": attr.label(allow_single_file = True, mandatory = True),
        "copyright": attr.label(allow_single_file = True, mandatory = True),
        "date": attr.string(mandatory = True),
        "maintainer": attr.string(mandatory = True, doc = "Unless --define=maintainer= names one."),
        "out": attr.output(mandatory = True),
        "overrides": attr.label(allow_single_file = True, mandatory = True, doc = "What lintian is to leave out."),
        "tarball": attr.label(allow_single_file = [".tar.gz"], mandatory = True),
        "version": attr.string(mandatory = True),
        "_script": attr.label(default = Label("//toolchain/dist:debian_package.py"), allow_single_file = True),
    },
)
