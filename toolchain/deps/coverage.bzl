"""@remote_coverage_tools for an offline Bazel 4.2, which wants it for every cc_test."""

_BUILD = """package(default_visibility = ["//visibility:public"])

[
    sh_binary(
        name = name,
        srcs = ["lcov_merger.py"],
    )
    for name in [
        "coverage_output_generator",
        "coverage_report_generator",
        "lcov_merger",
    ]
]
"""

def _coverage_tools_impl(rctx):
    rctx.file("WORKSPACE", "workspace(name = \"remote_coverage_tools\")\n")
    rctx.file("BUILD.bazel", _BUILD)
    rctx.symlink(Label("//toolchain/deps:lcov_merger.py"), "lcov_merger.py")

coverage_tools = repository_rule(implementation = _coverage_tools_impl)
