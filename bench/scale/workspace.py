"""Writes a workspace of many modules, as somebody else's repository would have them.

Each module has a C file, a note, and two modules before it that it needs; twenty are a package.
The same can be built by ninja, with the same commands: what Bazel's own part of the time is.
"""

import os
import pathlib
import shutil

A_PACKAGE = 20
FUNCTIONS = 12
ROWS = 24

# What every user of the rules writes; here with the smftool that is measured, and not with one that
# is compiled first.
WORKSPACE = """workspace(name = "scale")

local_repository(
    name = "smf",
    path = "{smf}",
)

load("@smf//toolchain/deps:deps.bzl", "smf_dependencies")

smf_dependencies()

register_toolchains("//:smftool_toolchain")

load("@smf//toolchain/deps:register.bzl", "smf_register_toolchains")

smf_register_toolchains()
"""

MODULE = """module(name = "scale")

bazel_dep(name = "smf")
local_path_override(
    module_name = "smf",
    path = "{smf}",
)

bazel_dep(name = "rules_cc", version = "0.2.22")

register_toolchains("//:smftool_toolchain")
"""

BAZELRC = """build --nosandbox_debug
build --incompatible_enable_cc_toolchain_resolution
build --incompatible_strict_action_env
common --noshow_progress --color=no
"""

ROOT = """load("@smf//toolchain:defs.bzl", "smf_toolchain")

smf_toolchain(
    name = "given",
    smftool = "smftool",
)

toolchain(
    name = "smftool_toolchain",
    toolchain = ":given",
    toolchain_type = "@smf//toolchain:toolchain_type",
)

filegroup(
    name = "modules",
    srcs = [
{modules}    ],
)
"""

PACKAGE_HEAD = """load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("@smf//toolchain:defs.bzl", "smf_module")

package(default_visibility = ["//visibility:public"])
"""

TARGET = """
cc_library(
    name = "{name}_code",
    srcs = ["{name}.c"],
)

smf_module(
    name = "{name}",
    note = "{name}.sdn",
    objects = [":{name}_code"],
    deps = [{deps}],
)
"""

NOTE_HEAD = """# Instantiation To/From Metadata
# Format version: 1.0

possible |id, template, type_args, mangled_name, required_by, can_defer|
"""

NOTE_TAIL = """
type_inferences |id, inferred_type, expr, context, from_file, from_loc|

dependencies |from_inst, to_inst, dep_kind|

circular_warnings |id, cycle_path, severity|

circular_errors |id, cycle_path, error_code|

instantiations |id, template, type_args, mangled_name, from_file, from_loc, to_obj, status|

# END_NOTE
"""

NINJA_HEAD = """rule compile
  command = gcc -fPIC -O0 -g1 -fno-omit-frame-pointer -Wall -Wextra -MD -MF $out.d -c $in -o $out
  depfile = $out.d
  deps = gcc

rule pack
  command = {smftool} pack -o $out --jobs 1 --arch x86-64 --platform linux --object $object --note $note

"""


def source(number: int, salt: int = 0) -> str:
    """A C file; another salt makes it another program."""
    parts = [f"/* Module {number}. */\n"]
    for i in range(FUNCTIONS):
        parts.append(f"int m{number}_f{i}(int x);\n"
                     f"int m{number}_f{i}(int x) {{\n"
                     f"  for (int i = 0; i < {i + 2}; ++i) x = x * {number + 3} + {i + salt};\n"
                     "  return x;\n}\n")
    return "\n".join(parts)


def note(number: int, salt: int = 0) -> str:
    """A note; another salt makes it another one."""
    rows = (f'    {i}, "t{i}", "i64", "t{i}$m{number}_{salt}", "m{number}.spl", true\n' for i in range(ROWS))
    return NOTE_HEAD + "".join(rows) + NOTE_TAIL


def dependencies(number: int) -> list:
    return sorted({number // 2, number // 3} - {number})


class Workspace:
    """A folder with `count` modules; paths of what belongs to module i."""

    def __init__(self, folder: str, count: int):
        self.folder = pathlib.Path(folder)
        self.count = count

    def package(self, number: int) -> str:
        return f"p{number // A_PACKAGE:03}"

    def label(self, number: int) -> str:
        return f"//{self.package(number)}:m{number}"

    def path(self, number: int, suffix: str) -> pathlib.Path:
        return self.folder / self.package(number) / f"m{number}{suffix}"

    def write(self, smf: str, smftool: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, text in (("WORKSPACE", WORKSPACE), ("MODULE.bazel", MODULE)):
            (self.folder / name).write_text(text.format(smf=smf))
        (self.folder / "WORKSPACE.bzlmod").write_text("# MODULE.bazel has it all.\n")
        (self.folder / ".bazelrc").write_text(BAZELRC)
        shutil.copy(pathlib.Path(smf) / ".bazeliskrc", self.folder)
        os.symlink(smftool, self.folder / "smftool")
        modules = "".join(f'        "{self.label(i)}",\n' for i in range(self.count))
        (self.folder / "BUILD.bazel").write_text(ROOT.format(modules=modules))
        for first in range(0, self.count, A_PACKAGE):
            self._write_package(range(first, min(first + A_PACKAGE, self.count)))
        self._write_ninja(smftool)

    def _write_package(self, numbers: range) -> None:
        (self.folder / self.package(numbers[0])).mkdir(exist_ok=True)
        targets = [PACKAGE_HEAD]
        for i in numbers:
            deps = ", ".join(f'"{self.label(d)}"' for d in dependencies(i))
            targets.append(TARGET.format(name=f"m{i}", deps=deps))
            self.path(i, ".c").write_text(source(i))
            self.path(i, ".sdn").write_text(note(i))
        (self.folder / self.package(numbers[0]) / "BUILD.bazel").write_text("".join(targets))

    def _write_ninja(self, smftool: str) -> None:
        lines = [NINJA_HEAD.format(smftool=smftool)]
        for i in range(self.count):
            stem = f"{self.package(i)}/m{i}"
            lines.append(f"build ninja/{stem}.o: compile {stem}.c\n"
                         f"build ninja/{stem}.smf: pack ninja/{stem}.o {stem}.sdn\n"
                         f"  object = ninja/{stem}.o\n  note = {stem}.sdn\n")
        (self.folder / "build.ninja").write_text("".join(lines))
