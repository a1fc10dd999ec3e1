"""Unity builds: sources compiled as one, so that the headers they share are read once.

Reading the headers of the standard library, of the test framework and of this repository is
most of the work of compiling a file here; a library compiled as one takes a fifth of the time.
What it costs: names in the unnamed namespaces of its files must differ, and a change compiles
everything anew. So libraries are compiled as one where everything is compiled anew anyway
(--config=unity: what CI does after the first leg, which shows that each file stands on its
own; and always in other people's builds, which change none of these files), and tests, which nobody
includes, always are.
"""

load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("@rules_cc//cc:cc_test.bzl", "cc_test")

# More to a file would leave a second processor without work, and take a GiB of memory.
_AT_ONCE = 16

# A string: Bazel 4.2 takes no Label for the key of a select.
_UNITY = str(Label("//toolchain/cc:unity"))

def _include_path(source):
    """As #include wants it; a file that is made here is not named as its owner, what makes it."""
    path = source.short_path
    return path.split("/", 2)[2] if path.startswith("../") else path

def _unity_source_impl(ctx):
    out = ctx.actions.declare_file(ctx.attr.name + ".cc")
    ctx.actions.write(out, "".join([
        "#include \"{}\"  // NOLINT(bugprone-suspicious-include)\n".format(_include_path(source))
        for source in ctx.files.srcs
    ]))
    return [DefaultInfo(files = depset([out]))]

_unity_source = rule(
    implementation = _unity_source_impl,
    attrs = {"srcs": attr.label_list(allow_files = [".cc"], mandatory = True)},
    doc = "A file NAME.cc that includes the sources one after the other.",
)

def _is_others_build():
    """Whether the repository whose BUILD file is read is a dependency of another."""
    if hasattr(native, "repo_name"):
        return native.repo_name() != ""
    return native.repository_name() != "@"

def _is_source(name):
    return name.endswith(".cc")

def _split(srcs):
    """The sources, and what else is in the list: headers of the target's own."""
    return [s for s in srcs if _is_source(s)], [s for s in srcs if not _is_source(s)]

def _unity_sources(name, sources, testonly, suffix = ""):
    """Declares the files that include the sources, and a library that makes these readable."""
    files = []
    count = (len(sources) + _AT_ONCE - 1) // _AT_ONCE
    for i in range(count):
        files.append("{}_unity_{}{}".format(name, i + 1, suffix))
        _unity_source(
            name = files[-1],
            # Neighbours in the alphabet share their subject: they go to the same file.
            srcs = sources[len(sources) * i // count:len(sources) * (i + 1) // count],
            testonly = testonly,
            visibility = ["//visibility:private"],
        )
    cc_library(
        name = name + "_unity_sources",
        textual_hdrs = sources,
        tags = ["manual"],
        testonly = testonly,
        visibility = ["//visibility:private"],
    )
    return files, [":{}_unity_sources".format(name)]

def unity_cc_library(name, srcs, deps = [], testonly = False, **kwargs):
    """A cc_library whose sources are compiled as one with --config=unity.

    Args:
      name: of the library.
      srcs: as cc_library has them; the sources (*.cc) have to be of this package.
      deps: as cc_library has them.
      testonly: as cc_library has it.
      **kwargs: whatever else cc_library takes.
    """
    sources, headers = _split(srcs)
    files, readable = _unity_sources(name, sources, testonly)
    is_always = _is_others_build()
    cc_library(
        name = name,
        srcs = headers + select({
            _UNITY: files,
            "//conditions:default": files if is_always else sources,
        }),
        deps = deps + select({
            _UNITY: readable,
            "//conditions:default": readable if is_always else [],
        }),
        testonly = testonly,
        **kwargs
    )

def unity_cc_test(name, srcs, deps = [], **kwargs):
    """A cc_test whose sources are compiled as one. To run one file's tests: --test_filter=SUITE.*.

    Args:
      name: of the test.
      srcs: as cc_test has them; the sources (*.cc) have to be of this package.
      deps: as cc_test has them.
      **kwargs: whatever else cc_test takes.
    """
    sources, headers = _split(srcs)
    files, readable = _unity_sources(name, sources, True, suffix = "_test")
    cc_test(
        name = name,
        srcs = headers + files,
        deps = deps + readable,
        **kwargs
    )
