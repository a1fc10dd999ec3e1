"""uPlot, which draws the charts of the nightly report: no C++, and in neither registry nor Debian.

The files are the same wherever they come from: each is checked. Without npm and without internet
the repository loads nonetheless, and what needs it is skipped as incompatible, so that
`bazel test //...` passes on a machine that has neither.
"""

_VERSION = "1.6.32"

_FILES = {
    "LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
    "dist/uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "dist/uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
}

# A rule that makes files: Bazel 4.2 has no filegroup that could be incompatible.
_BUILD = """# No platform has this one: what needs the files is skipped.
constraint_setting(name = "fetching")

constraint_value(
    name = "could_not_be_fetched",
    constraint_setting = ":fetching",
)

genrule(
    name = "uplot",
    srcs = {srcs},
    outs = [
        "uplot/LICENSE",
        "uplot/uPlot.iife.min.js",
        "uplot/uPlot.min.css",
    ],
    cmd = "cp $(SRCS) $(@D)/uplot/",
    target_compatible_with = {compatible},
    visibility = ["//visibility:public"],
)
"""

def _from_npm(rctx):
    """URLs of what npm packs; none where it cannot."""
    npm = rctx.which("npm")
    if not npm:
        return {}
    packed = rctx.execute(
        [npm, "pack", "--silent", "--fetch-retries=0", "--fetch-timeout=20000", "uplot@" + _VERSION],
        timeout = 60,
    )
    archive = "uplot-%s.tgz" % _VERSION
    if packed.return_code or not rctx.path(archive).exists:
        return {}
    rctx.extract(archive, output = "packed", stripPrefix = "package")
    rctx.delete(archive)
    return {file: ["file://%s/%s" % (rctx.path("packed"), file)] for file in _FILES}

def _from_networks():
    return {file: [
        "https://cdn.jsdelivr.net/npm/uplot@%s/%s" % (_VERSION, file),
        "https://unpkg.com/uplot@%s/%s" % (_VERSION, file),
    ] for file in _FILES}

def _fetch(rctx, urls):
    for file, sha256 in _FILES.items():
        got = rctx.download(urls[file], output = file, sha256 = sha256, allow_fail = True)
        if not got.success:
            return False
    return True

def _uplot_impl(rctx):
    packed = _from_npm(rctx)
    found = (packed and _fetch(rctx, packed)) or _fetch(rctx, _from_networks())
    rctx.delete("packed")
    rctx.file("BUILD.bazel", _BUILD.format(
        srcs = sorted(_FILES) if found else [],
        compatible = [] if found else [":could_not_be_fetched"],
    ))

uplot = repository_rule(
    doc = "@uplot//:uplot: LICENSE, uPlot.iife.min.js and uPlot.min.css.",
    implementation = _uplot_impl,
    environ = ["PATH"],
)
