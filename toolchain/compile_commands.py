#!/usr/bin/env python3
"""Writes compile_commands.json, for clangd, clang-tidy and other readers of C++.

    ./bazelw run //toolchain:compile_commands [-- BAZEL OPTIONS such as --config=clang]

Bazel says which commands it would run, from a directory of its own that only holds what
the last build needed. The paths written here do not depend on that.
"""

import json
import os
import re
import subprocess
import sys

# What gcc knows and the readers, which are all clang, do not.
GCC_ONLY = {"-fno-canonical-system-headers", "-ffat-lto-objects"}


def main():
    workspace = os.environ["BUILD_WORKSPACE_DIRECTORY"]
    options = sys.argv[1:]

    def bazel(command, *arguments):
        result = subprocess.run(
            [os.path.join(workspace, "bazelw"), command, *options, *arguments],
            cwd=workspace, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if result.returncode:
            sys.stderr.write(result.stderr)
            sys.exit(result.returncode)
        return result.stdout

    info = dict(line.split(": ", 1) for line in bazel("info", "output_base", "execution_root").splitlines())
    roots = {"external": info["output_base"], "bazel-out": info["execution_root"]}

    def settle(argument):
        return re.sub(r"^(-I|-isystem|-iquote)?(external|bazel-out)(?=/)",
                      lambda m: f"{m[1] or ''}{roots[m[2]]}/{m[2]}", argument)

    graph = json.loads(bazel("aquery", "--output=jsonproto", 'mnemonic("CppCompile", //...)'))
    commands = {}
    for action in graph.get("actions", []):
        arguments = [settle(a) for a in action["arguments"]
                     if a not in GCC_ONLY and not a.startswith("-fdiagnostics-color")]
        source = arguments[arguments.index("-c") + 1]
        if source.startswith(os.path.join(roots["external"], "external", "")):
            continue
        # With and without -fPIC, for the build and for tools of the build: one of each will do.
        commands.setdefault(source, {"directory": workspace, "file": os.path.join(workspace, source),
                                     "arguments": arguments})

    path = os.path.join(workspace, "compile_commands.json")
    with open(path, "w") as out:
        json.dump([commands[source] for source in sorted(commands)], out, indent=1)
        out.write("\n")
    print(f"compile_commands.json: {len(commands)} files", file=sys.stderr)


if __name__ == "__main__":
    main()
