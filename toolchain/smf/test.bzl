"""smf_test: does a module's template compute what it should?"""

load(":calls.bzl", "parse_call")
load(":checks.bzl", "check_symbol")
load(":compat.bzl", "TOOLCHAIN_TRANSITION")
load(":providers.bzl", "SmfInfo")
load(":toolchain.bzl", "RUNTIME_TOOLCHAIN_TYPE")

def _refuse(ctx, problem):
    fail("{}: {}".format(ctx.label, problem))

def _quote(text):
    """As a word of the shell."""
    return "'" + text.replace("'", "'\\''") + "'"

def _check_line(ctx, call, expected):
    """The line of the script for one call."""
    parsed = parse_call(call)
    problem = parsed.problem or check_symbol(parsed.symbol)
    if problem:
        _refuse(ctx, problem)
    words = ["check", call, expected.strip("\n"), parsed.symbol] + parsed.arguments
    return " ".join([words[0]] + [_quote(word) for word in words[1:]])

def _smf_test_impl(ctx):
    info = ctx.attr.module[SmfInfo]
    if not info.module:
        _refuse(ctx, "{} is no module, but a group of modules; name one of these".format(ctx.attr.module.label))
    if not ctx.attr.calls:
        _refuse(ctx, "no calls to check; give it some, as in {\"max$i64(3, 4)\": \"4\"}")
    runner = ctx.toolchains[RUNTIME_TOOLCHAIN_TYPE].smf.runner
    if not runner:
        _refuse(ctx, "the toolchain that was found has no smftool for the target platform; give its smf_runtime_toolchain a runner")
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.expand_template(
        template = ctx.file._template,
        output = script,
        is_executable = True,
        substitutions = {
            "%{checks}": "\n".join([_check_line(ctx, call, expected) for call, expected in ctx.attr.calls.items()]),
            "%{is_ahead_of_time}": "yes" if ctx.attr.ahead_of_time else "no",
            "%{module}": _quote(info.module.short_path),
            "%{smftool}": _quote(runner.executable.short_path),
        },
    )
    files = ctx.runfiles([info.module, runner.executable], transitive_files = info.dependencies)
    return [DefaultInfo(executable = script, runfiles = files)]

smf_test = rule(
    implementation = _smf_test_impl,
    doc = """Loads a module, instantiates its templates, calls them and compares what comes out.

```python
smf_test(
    name = "shop_test",
    calls = {
        "max$i64(3, 4)": "4",
        "quicksort$i32([3, 1, 2])": "argument 1: [1,2,3]",
        "checked_div<i8>(7, 0)": "{\\"Err\\":[\\"division by zero\\"]}",
        "dot$i64([1], [1, 2])": "error: dot of slices of different lengths",
    },
    module = ":shop",
)
```

Arguments and results are written as `smftool jit` has them: JSON. Each call that differs is shown
with what was expected and what came out. The module is verified first, and stays as it is.
""",
    attrs = {
        "ahead_of_time": attr.bool(doc = "The code of every call has to be in the module already, as smf_instantiate puts it there."),
        "calls": attr.string_dict(
            doc = "`SYMBOL(ARGUMENT, ...)` to what is printed: the result, and the arguments whose memory was written to. `error: TEXT` stands for a failure whose message has TEXT in it.",
            mandatory = True,
        ),
        "module": attr.label(doc = "The module to test.", mandatory = True, providers = [SmfInfo]),
        "_template": attr.label(
            allow_single_file = True,
            default = Label("//toolchain/smf:test.sh.tpl"),
        ),
    },
    test = True,
    toolchains = [RUNTIME_TOOLCHAIN_TYPE],
    **TOOLCHAIN_TRANSITION
)
