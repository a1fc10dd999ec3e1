"""Unit tests of what attributes are checked for, and of how calls are read."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load("//toolchain/smf:calls.bzl", "parse_call")
load("//toolchain/smf:checks.bzl", "check_compression", "check_hash", "check_parameters", "check_section_name", "check_size", "check_symbol", "first_repeated")

def _accepts(env, check, values):
    for value in values:
        asserts.equals(env, None, check(value))

def _refuses(env, check, values):
    for value in values:
        asserts.true(env, check(value) != None, "'{}' was accepted".format(value))

def _compressions_impl(ctx):
    env = unittest.begin(ctx)
    _accepts(env, check_compression, ["none", "zstd", "zstd:1", "zstd:22", "lz4", "lz4:12"])
    _refuses(env, check_compression, ["", "gzip", "zstd:", "zstd:0", "zstd:23", "lz4:13", "zstd:x", "none:1", "ZSTD"])
    asserts.equals(env, "'23' is no level of zstd; expected 1 to 22", check_compression("zstd:23"))
    return unittest.end(env)

def _section_names_impl(ctx):
    env = unittest.begin(ctx)
    _accepts(env, check_section_name, ["a", "prices", "16 bytes are ok.", ".rodata"])
    _refuses(env, check_section_name, ["", "17 bytes are not.", ".smf.jit", "a=b", "a:b", "a\nb"])
    return unittest.end(env)

def _symbols_impl(ctx):
    env = unittest.begin(ctx)
    _accepts(env, check_symbol, [
        "main",
        "_x",
        "max$i64",
        "max<i64>",
        "Map<text, List<i64>>",
        "swap$(i64,i8)",
        "a.b$T",
    ])
    _refuses(env, check_symbol, ["", "-o", "$i64", "<i64>", "max<i64", "max<>", "max<i64>x", "a b", "a;b", "a'b", "9a"])
    return unittest.end(env)

def _numbers_impl(ctx):
    env = unittest.begin(ctx)
    _accepts(env, check_size, ["4096", "64K", "1M", "2G"])
    _refuses(env, check_size, ["K", "64k", "-1", "1.5M", "64KB"])
    _accepts(env, check_hash, ["0", "0xABCDEF0123456789", "deadbeef"])
    _refuses(env, check_hash, ["0x", "g", "0x00112233445566778", "-1"])
    return unittest.end(env)

def _lists_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, None, check_parameters("push", ["T", "U"]))
    _refuses(env, _check_push, [[], [""], ["T,U"], ["T "]])
    asserts.equals(env, None, first_repeated([]))
    asserts.equals(env, None, first_repeated(["a", "b"]))
    asserts.equals(env, "b", first_repeated(["a", "b", "c", "b", "a"]))
    asserts.equals(env, "", first_repeated(["", ""]))
    return unittest.end(env)

def _check_push(parameters):
    return check_parameters("push", parameters)

def _calls_impl(ctx):
    env = unittest.begin(ctx)
    for text, symbol, arguments in [
        ("f()", "f", []),
        ("f( )", "f", []),
        ("max$i64(3, -4)", "max$i64", ["3", "-4"]),
        ("max<i64>(3,4)", "max<i64>", ["3", "4"]),
        ("sum([1, 2], {\"a\": [3, 4]})", "sum", ["[1, 2]", "{\"a\": [3, 4]}"]),
        ("f(\"a, (b\", \"\\\"),\")", "f", ["\"a, (b\"", "\"\\\"),\""]),
        ("swap$(i64,i8)(1, 2)", "swap$(i64,i8)", ["1", "2"]),
    ]:
        call = parse_call(text)
        asserts.equals(env, None, call.problem)
        asserts.equals(env, symbol, call.symbol)
        asserts.equals(env, arguments, call.arguments)
    for text in ["", "f", "(1)", "f(1", "f(1))", "f(1]", "f(\"1)", "f(1) ", "f(1,)", "f(,1)", "f(1)x", ")f("]:
        asserts.true(env, parse_call(text).problem != None, "'{}' was accepted".format(text))
    return unittest.end(env)

_compressions_test = unittest.make(_compressions_impl)
_section_names_test = unittest.make(_section_names_impl)
_symbols_test = unittest.make(_symbols_impl)
_numbers_test = unittest.make(_numbers_impl)
_lists_test = unittest.make(_lists_impl)
_calls_test = unittest.make(_calls_impl)

def checks_test_suite(name):
    """Declares the tests.

    Args:
      name: of the test_suite.
    """
    unittest.suite(
        name,
        _calls_test,
        _compressions_test,
        _lists_test,
        _numbers_test,
        _section_names_test,
        _symbols_test,
    )
