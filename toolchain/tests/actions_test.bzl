"""What the rules would run, with which inputs, and what they tell whoever depends on them."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//toolchain:defs.bzl", "SmfInfo", "smf_instantiate", "smf_library", "smf_module", "smf_pack_aspect")

_SAMPLE = "//testdata/sample:"

def _actions(env, mnemonic):
    return [action for action in analysistest.target_actions(env) if action.mnemonic == mnemonic]

def _arguments(action):
    """What smftool is given: what comes after the shell's part, and its own path."""
    return action.argv[action.argv.index([a for a in action.argv if a.endswith(("smftool", "fake_smftool.sh"))][0]) + 1:]

def _file_names(files):
    return sorted([file.basename for file in files])

def _packs_impl(ctx):
    env = analysistest.begin(ctx)
    actions = _actions(env, "SmfPack")
    asserts.equals(env, 1, len(actions))
    action = actions[0]
    asserts.equals(env, ["everything.smf"], _file_names(action.outputs.to_list()))

    # Files by their names: folders of output differ.
    arguments = [
        argument.rpartition("/")[2] if "/" in argument and "=" not in argument else argument.partition("=")[0] + "=" + argument.rpartition("/")[2] if "/" in argument else argument
        for argument in _arguments(action)
    ]
    asserts.equals(env, ctx.attr.arguments, arguments)
    inputs = [name for name in _file_names(action.inputs.to_list()) if not name.startswith(("smftool", "_Smiddlemen"))]
    asserts.equals(env, ctx.attr.inputs, inputs)
    for argument in action.argv:
        asserts.false(env, argument.startswith("/") and not argument.endswith("/bash"), "an absolute path: " + argument)
    return analysistest.end(env)

packs_test = analysistest.make(_packs_impl, attrs = {
    "arguments": attr.string_list(),
    "inputs": attr.string_list(),
})

def _for_target_impl(ctx):
    env = analysistest.begin(ctx)
    action = _actions(env, "SmfPack")[0]
    arguments = _arguments(action)

    # The toolchain of somebody else.
    asserts.true(env, action.argv[-len(arguments) - 1].endswith("fake_smftool.sh"))
    asserts.equals(env, ctx.attr.arch, arguments[arguments.index("--arch") + 1])
    asserts.equals(env, "linux", arguments[arguments.index("--platform") + 1])
    info = analysistest.target_under_test(env)[SmfInfo]
    asserts.equals(env, (ctx.attr.arch, "linux"), (info.arch, info.platform))
    return analysistest.end(env)

def _for_cpu_test(cpu):
    return analysistest.make(
        _for_target_impl,
        attrs = {"arch": attr.string()},
        config_settings = {
            "//command_line_option:extra_toolchains": [str(Label("//toolchain/tests:fake_toolchain"))],
            "//command_line_option:platforms": [str(Label("//toolchain/platforms:linux_" + cpu))],
        },
    )

for_aarch64_test = _for_cpu_test("aarch64")
for_riscv64_test = _for_cpu_test("riscv64")

def _info_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    info = target[SmfInfo]
    modules = [module.basename for module in info.transitive_modules.to_list()]
    asserts.equals(env, ctx.attr.modules, modules)
    asserts.equals(env, ctx.attr.module, info.module.basename if info.module else "")
    asserts.equals(env, ctx.attr.instantiations, info.instantiations)
    asserts.equals(env, sorted(modules), _file_names(target[DefaultInfo].default_runfiles.files.to_list()))
    return analysistest.end(env)

info_test = analysistest.make(_info_impl, attrs = {
    "instantiations": attr.string_list(),
    "module": attr.string(),
    "modules": attr.string_list(),
})

def _instantiates_impl(ctx):
    env = analysistest.begin(ctx)
    action = _actions(env, "SmfInstantiate")[0]
    arguments = _arguments(action)
    asserts.equals(env, ["instantiate", "inner.smf", "-o", "ready_inner.smf"], [arguments[0], arguments[1].rpartition("/")[2], arguments[2], arguments[3].rpartition("/")[2]])
    asserts.equals(env, ["--cpu", "baseline", "max$i64", "max<i8>"], arguments[-4:])
    asserts.equals(env, ["ready_inner.smf"], _file_names(action.outputs.to_list()))
    return analysistest.end(env)

instantiates_test = analysistest.make(_instantiates_impl)

def _aspect_impl(ctx):
    env = analysistest.begin(ctx)
    modules = []
    for dep in ctx.attr.packed:
        modules.extend([module.basename for module in dep[SmfInfo].transitive_modules.to_list()])
    asserts.equals(env, ["answer.smf", "caller.smf"], modules)
    return analysistest.end(env)

aspect_test = analysistest.make(
    _aspect_impl,
    attrs = {"packed": attr.label_list(aspects = [smf_pack_aspect])},
)

def actions_test_suite(name):
    """Declares the tests and what they look at.

    Args:
      name: of the test_suite.
    """
    smf_module(
        name = "everything",
        srcs = [_SAMPLE + "answer.a"],
        app_type = "service",
        compress_code = True,
        compression = "zstd:9",
        data = {_SAMPLE + "greeting.txt": "50%"},
        entry = "answer",
        exports = ["answer"],
        generics = {"identity": ["T", "U"]},
        jit_room = "1M",
        note = _SAMPLE + "note.sdn",
        reloadable = True,
        sections = {"BUILD.bazel": "build:rodata:r"},
        shebang = True,
        source_hash = "0x1",
        tags = ["manual"],
        templates = [_SAMPLE + "identity.json"],
        types = ["//testdata/templates:vec.mir"],
        arch = "x86-64",
        platform = "any",
    )
    packs_test(
        name = "packs_test",
        arguments = [
            "pack",
            "-o",
            "everything.smf",
            "--jobs",
            "1",
            "--arch",
            "x86-64",
            "--platform",
            "any",
            "--object",
            "answer.a",
            "--section",
            "build:rodata:r=BUILD.bazel",
            "--data",
            "50%=greeting.txt",
            "--template",
            "identity.json",
            "--types",
            "vec.mir",
            "--generic",
            "identity=T,U",
            "--note",
            "note.sdn",
            "--entry",
            "answer",
            "--export",
            "answer",
            "--compress",
            "zstd:9",
            "--compress-code",
            "--stub",
            "shebang",
            "--jit-room",
            "1M",
            "--app-type",
            "service",
            "--reloadable",
            "--source-hash",
            "0x1",
        ],
        inputs = ["BUILD.bazel", "answer.a", "greeting.txt", "identity.json", "note.sdn", "vec.mir"],
        target_under_test = ":everything",
    )

    smf_module(name = "inner", note = _SAMPLE + "note.sdn", tags = ["manual"])
    smf_module(name = "middle", deps = [":inner"], note = _SAMPLE + "note.sdn", tags = ["manual"])
    smf_module(name = "outer", deps = [":middle", ":inner"], note = _SAMPLE + "note.sdn", tags = ["manual"])
    smf_library(name = "group", deps = [":outer"], tags = ["manual"])
    smf_module(name = "above", deps = [":group"], note = _SAMPLE + "note.sdn", tags = ["manual"])
    smf_instantiate(name = "ready", module = ":outer", symbols = ["a$i64", "a<i8>"], tags = ["manual"])
    smf_instantiate(name = "ready_inner", module = ":inner", symbols = ["max$i64", "max<i8>"], tags = ["manual"])
    info_test(name = "module_info_test", module = "inner.smf", modules = ["inner.smf"], target_under_test = ":inner")
    info_test(
        name = "needed_first_test",
        module = "outer.smf",
        modules = ["inner.smf", "middle.smf", "outer.smf"],
        target_under_test = ":outer",
    )
    info_test(name = "group_info_test", modules = ["inner.smf", "middle.smf", "outer.smf"], target_under_test = ":group")
    info_test(
        name = "group_as_dep_test",
        module = "above.smf",
        modules = ["inner.smf", "middle.smf", "outer.smf", "above.smf"],
        target_under_test = ":above",
    )
    info_test(
        name = "instantiated_info_test",
        instantiations = ["a$i64", "a<i8>"],
        module = "ready.smf",
        modules = ["inner.smf", "middle.smf", "ready.smf"],
        target_under_test = ":ready",
    )
    for_aarch64_test(name = "for_aarch64_test", arch = "aarch64", target_under_test = ":inner")
    for_riscv64_test(name = "for_riscv64_test", arch = "riscv64", target_under_test = ":inner")
    instantiates_test(name = "instantiates_test", target_under_test = ":ready_inner")
    aspect_test(name = "aspect_test", packed = [":caller"], target_under_test = ":inner")
    native.test_suite(
        name = name,
        tests = [
            ":aspect_test",
            ":for_aarch64_test",
            ":for_riscv64_test",
            ":group_as_dep_test",
            ":group_info_test",
            ":instantiated_info_test",
            ":instantiates_test",
            ":module_info_test",
            ":needed_first_test",
            ":packs_test",
        ],
    )
