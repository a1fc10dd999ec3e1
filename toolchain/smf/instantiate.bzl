"""smf_instantiate: code of templates, made before the program runs."""

load(":checks.bzl", "check_symbol", "first_repeated")
load(":compat.bzl", "TOOLCHAIN_TRANSITION", "toolchain_of")
load(":module.bzl", "module_runfiles")
load(":providers.bzl", "SmfInfo", "make_smf_info")
load(":toolchain.bzl", "TOOLCHAIN_TYPE")

# The processors that smftool makes code for.
_ARCHS = ["aarch64", "x86-64"]

def _refuse(ctx, problem):
    fail("{}: {}".format(ctx.label, problem))

def _check(ctx, info):
    if not info.module:
        _refuse(ctx, "{} is no module, but a group of modules; name one of these".format(ctx.attr.module.label))
    if info.arch not in _ARCHS:
        _refuse(ctx, "there is no code to be had for {}, only for aarch64 and x86-64; leave the symbols to be interpreted there".format(info.arch))
    if not ctx.attr.symbols and not ctx.attr.all:
        _refuse(ctx, "no symbols to instantiate; name some or set all, or use {} itself".format(ctx.attr.module.label))
    for symbol in ctx.attr.symbols:
        problem = check_symbol(symbol)
        if problem:
            _refuse(ctx, problem)
    twice = first_repeated(ctx.attr.symbols)
    if twice != None:
        _refuse(ctx, "symbols name '{}' twice; leave one of them out".format(twice))

def _smf_instantiate_impl(ctx):
    info = ctx.attr.module[SmfInfo]
    _check(ctx, info)
    module = ctx.actions.declare_file(ctx.label.name + ".smf")
    smftool = ctx.toolchains[TOOLCHAIN_TYPE].smf.smftool
    args = ctx.actions.args()
    args.add(smftool.executable)
    args.add("instantiate", info.module)
    args.add("-o", module)
    args.add("--arch", info.arch)

    # Any processor of the platform runs it, and the module is the same whoever builds it.
    args.add("--cpu", "baseline")
    if ctx.attr.all:
        args.add("--all")
    args.add_all(ctx.attr.symbols)
    ctx.actions.run_shell(
        arguments = [args],
        command = "exec \"$@\" > /dev/null",
        inputs = [info.module],
        outputs = [module],
        mnemonic = "SmfInstantiate",
        progress_message = "Instantiating templates of %s" % info.module.short_path,
        tools = [smftool],
        **toolchain_of(TOOLCHAIN_TYPE)
    )
    runfiles = module_runfiles(ctx, module, []).merge(ctx.runfiles(transitive_files = info.dependencies))
    return [
        DefaultInfo(files = depset([module]), runfiles = runfiles),
        OutputGroupInfo(smf = depset([module])),
        make_smf_info(
            arch = info.arch,
            dependencies = info.dependencies,
            instantiations = info.instantiations + ctx.attr.symbols,
            module = module,
            note = info.note,
            platform = info.platform,
        ),
    ]

smf_instantiate = rule(
    implementation = _smf_instantiate_impl,
    doc = """Makes a module `NAME.smf` out of another, with the code of the listed symbols in it.

```python
smf_instantiate(
    name = "shop_ready",
    module = ":shop",
    symbols = ["max$i64", "quicksort<i32>"],
)
```

A program that loads it finds their code and compiles nothing. What is not listed is compiled when it
is asked for, as from the module that this one is made of. The code is for any processor of the
module's architecture, not for that of the machine that builds.
""",
    attrs = {
        "all": attr.bool(doc = "Everything that the note lists as possible, too."),
        "module": attr.label(
            doc = "The module with the templates.",
            mandatory = True,
            providers = [SmfInfo],
        ),
        "symbols": attr.string_list(
            doc = "Mangled names (`max$i64`) that the note lists as possible, or names and types (`max<i64>`), for which there need not be a row. What they call is made as well.",
        ),
    },
    provides = [SmfInfo],
    toolchains = [TOOLCHAIN_TYPE],
    **TOOLCHAIN_TRANSITION
)
