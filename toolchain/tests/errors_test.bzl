"""Each mistake that is found before anything is built, and what is said about it."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//toolchain:defs.bzl", "smf_instantiate", "smf_library", "smf_module", "smf_test")

_NOTE = "//testdata/sample:note.sdn"
_TEXT = "//testdata/sample:greeting.txt"
_TWO_FILES = "//toolchain/tests:two_files"
_MODULE = "//testdata/sample:sample_module"
_OBJECTS = ["//testdata/sample:answer"]

# Name of the case: what is wrong, and the message, which begins with the target's label.
_MODULES = {
    "app_of_nothing": ({}, "nothing to pack; give it objects, srcs, templates, types, note, data or sections"),
    "compressed_code_of_none": (dict(note = _NOTE, compress_code = True), "compress_code without compression; set compression"),
    "compression": (dict(note = _NOTE, compression = "gzip"), "unknown compression 'gzip'; expected none, zstd"),
    "compression_level": (dict(note = _NOTE, compression = "lz4:13"), "'13' is no level of lz4; expected 1 to 12"),
    "data_of_two_files": (dict(data = {_TWO_FILES: "two"}), "expected one file, not 2; name them one by one"),
    "data_twice": (
        dict(data = {_NOTE: "a", _TEXT: "a"}),
        "two sections are named 'a'; rename one of them in data or sections",
    ),
    "data_without_name": (dict(data = {_TEXT: ""}), "a section without a name; give it one of 1 to 16 bytes"),
    "dep_twice": (
        dict(note = _NOTE, deps = [_MODULE, "//toolchain/tests:same_module"]),
        "deps name one module twice, as ",
    ),
    "entry_without_code": (
        dict(note = _NOTE, entry = "main"),
        "entry 'main' in a module without code; add objects or srcs, or leave entry out",
    ),
    "export_twice": (dict(objects = _OBJECTS, exports = ["a", "b", "a"]), "exports name 'a' twice; leave one of them out"),
    "exports_without_objects": (dict(note = _NOTE, exports = ["a"]), "exports of a module without objects; add objects or srcs"),
    "generics_without_parameters": (
        dict(templates = ["//testdata/sample:identity.json"], generics = {"push": []}),
        "generics name no parameter of 'push'; give it some",
    ),
    "generics_without_templates": (dict(note = _NOTE, generics = {"push": ["T"]}), "there are no templates; add some or leave generics out"),
    "jit_room": (dict(note = _NOTE, jit_room = "64 KB"), "'64 KB' is no size; expected bytes, or a number with K, M or G"),
    "long_section": (dict(data = {_TEXT: "a_name_of_17_byte"}), "section name 'a_name_of_17_byte' is longer than 16 bytes; shorten it"),
    "objects_without_objects": (
        dict(objects = ["//toolchain/tests:header_only"]),
        "header_only has no object files of its own; name the libraries that have sources",
    ),
    "reserved_section": (dict(data = {_TEXT: ".smf.jit"}), "section names that begin with '.smf.' are reserved"),
    "section_and_data": (
        dict(sections = {_NOTE: "a:rodata"}, data = {_TEXT: "a"}),
        "two sections are named 'a'; rename one of them in data or sections",
    ),
    "section_without_type": (dict(sections = {_TEXT: "table"}), "has no type; expected NAME:TYPE or NAME:TYPE:FLAGS"),
    "source_hash": (dict(note = _NOTE, source_hash = "0xyz"), "'0xyz' is no hash; expected up to 16 hexadecimal digits"),
    "two_stubs": (dict(note = _NOTE, stub = _TEXT, shebang = True), "stub and shebang both say what comes in front of the module; choose one"),
}

_LIBRARIES = {
    "library_with_one_twice": (
        dict(deps = [_MODULE, "//toolchain/tests:same_module"]),
        "sample_module; leave one of them out",
    ),
}

_INSTANTIATIONS = {
    "instantiation_of_a_group": (
        dict(module = "//toolchain/tests:group", symbols = ["a"]),
        "group is no module, but a group of modules; name one of these",
    ),
    "instantiation_of_nothing": (dict(module = _MODULE, symbols = []), "no symbols to instantiate; name some or set all, or use "),
    "instantiation_for_riscv": (
        dict(module = "//toolchain/tests:for_riscv", symbols = ["a"]),
        "there is no code to be had for riscv64, only for aarch64 and x86-64",
    ),
    "symbol_syntax": (dict(module = _MODULE, symbols = ["max<i64"]), "bad symbol 'max<i64': its angle brackets do not match"),
    "symbol_twice": (dict(module = _MODULE, symbols = ["a", "a"]), "symbols name 'a' twice; leave one of them out"),
}

_TESTS = {
    "call_syntax_test": (dict(module = _MODULE, calls = {"max$i64 3 4": "4"}), "'max$i64 3 4' is no call; expected SYMBOL(ARGUMENT, ...)"),
    "empty_argument_test": (dict(module = _MODULE, calls = {"f(1,)": "4"}), "'f(1,)' has an argument with nothing in it"),
    "symbol_of_call_test": (dict(module = _MODULE, calls = {"9(1)": "4"}), "bad symbol '9': expected it to begin with a letter"),
    "test_of_a_group_test": (dict(module = "//toolchain/tests:group", calls = {"f()": "4"}), "group is no module, but a group of modules"),
    "test_of_nothing_test": (dict(module = _MODULE, calls = {}), "no calls to check; give it some"),
}

def _message_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ctx.attr.message)
    asserts.expect_failure(env, "//toolchain/tests:" + ctx.attr.wrong_target)
    return analysistest.end(env)

message_test = analysistest.make(
    _message_impl,
    attrs = {
        "message": attr.string(mandatory = True),
        "wrong_target": attr.string(mandatory = True),
    },
    expect_failure = True,
)

def errors_test_suite(name):
    """Declares the wrong targets, and a test of what is said about each.

    Args:
      name: of the test_suite.
    """
    tests = []
    for rule, cases in [
        (smf_module, _MODULES),
        (smf_library, _LIBRARIES),
        (smf_instantiate, _INSTANTIATIONS),
        (smf_test, _TESTS),
    ]:
        for case, (attributes, message) in cases.items():
            wrong = "wrong_" + case
            rule(
                name = wrong,
                tags = ["manual"],
                **attributes
            )
            tests.append(case.replace("_test", "") + "_error_test")
            message_test(
                name = tests[-1],
                size = "small",
                message = message,
                target_under_test = ":" + wrong,
                wrong_target = wrong,
            )
    native.test_suite(name = name, tests = [":" + test for test in tests])
