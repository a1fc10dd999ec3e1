#!/usr/bin/env python3
"""A workspace of 500 modules: how long Bazel takes to make all, none, or what one change asks for.

    ./bazelw run -c opt //bench/scale:scale_bench [-- --results=FILE] [--quick] [--modules=N] [--keep=FOLDER]

Ends with status 1 where more is run than has to be: a changed note is one module packed anew and
nothing compiled. Times are of the command as a user types it, with Bazel's server running; beside
them, where it is installed, ninja's with the same commands, which neither hides what an action did
not name nor looks at more of a file than its time.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(os.path.realpath(__file__)).parent
sys.path.insert(0, str(pathlib.Path(__file__).parent))

from machine import Disturbance, environment  # noqa: E402
from workspace import Workspace, note, source  # noqa: E402

TARGET = "//:modules"


class Failure(Exception):
    """What was built is not what had to be."""


# Of whoever ran this by Bazel: smftool would start from there.
_CALLERS = ("BUILD_WORKING_DIRECTORY", "BUILD_WORKSPACE_DIRECTORY", "SMF_WORKING_DIRECTORY")


def run(command, folder):
    """The time that it took, and what it said."""
    started = time.monotonic()
    variables = {name: value for name, value in os.environ.items() if name not in _CALLERS}
    done = subprocess.run(command, cwd=folder, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    took = time.monotonic() - started
    said = done.stdout.decode(errors="replace")
    if done.returncode:
        raise Failure(f"{' '.join(command)}: status {done.returncode}\n" + "\n".join(said.splitlines()[-20:]))
    return took, said


def actions_in(said):
    """How many actions were run, by Bazel's own count; what it does in itself is not in it."""
    summary = re.search(r"^INFO: \d+ process(?:es)?: (.*)\.$", said, re.MULTILINE)
    if not summary:
        raise Failure("Bazel does not say how many actions it ran:\n" + said)
    parts = (re.match(r"(\d+) (.*)", part.strip()) for part in summary[1].split(","))
    return sum(int(part[1]) for part in parts if part[2] != "internal")


class Bazel:
    """Bazel in a workspace, with an output root of its own and nothing of its user's settings."""

    def __init__(self, folder, root):
        self.folder = folder
        found = shutil.which("bazelisk") or shutil.which("bazel")
        if not found:
            raise Failure("neither bazelisk nor bazel is on PATH")
        self.command = [found, "--nohome_rc", f"--output_user_root={root}"]

    def build(self, *options):
        """The time, and how many actions were run."""
        took, said = run([*self.command, "build", *options, TARGET], self.folder)
        return took, actions_in(said)

    def what_is_run(self):
        """What is run of what has to be, by kind of action: untimed, since Bazel writes a log for it."""
        log = self.folder.parent / "log.json"
        self.build(f"--execution_log_json_file={log}")
        text, kinds, at = log.read_text(), {}, 0
        decoder = json.JSONDecoder()
        while at < len(text):
            each, at = decoder.raw_decode(text, at)
            kinds[each["mnemonic"]] = kinds.get(each["mnemonic"], 0) + 1
            while at < len(text) and text[at].isspace():
                at += 1
        return kinds

    def clean(self):
        run([*self.command, "clean"], self.folder)

    def shutdown(self):
        run([*self.command, "shutdown"], self.folder)


class Changes:
    """Changes one file at a time, never twice to the same bytes."""

    def __init__(self, workspace):
        self.workspace = workspace
        self.made = 0

    def _next(self):
        self.made += 1
        return (self.made * 37) % self.workspace.count

    def c_file(self):
        i = self._next()
        self.workspace.path(i, ".c").write_text(source(i, self.made))

    def note(self):
        i = self._next()
        self.workspace.path(i, ".sdn").write_text(note(i, self.made))

    def nothing(self):
        pass


def wanted_actions(count):
    """Of each kind of build: what has to be run, and no more."""
    return {"clean": {"CppCompile": count, "SmfPack": count}, "no_op": {},
            "one_c_file": {"CppCompile": 1, "SmfPack": 1}, "one_note": {"SmfPack": 1}}


def check(kind, what_is_run, count):
    wanted = wanted_actions(count)[kind]
    if what_is_run != wanted:
        raise Failure(f"{kind}: {what_is_run} was run, not {wanted}")


def measure_bazel(bazel, changes, count, repetitions):
    """Samples in seconds, by kind of build."""
    change = {"no_op": changes.nothing, "one_c_file": changes.c_file, "one_note": changes.note}
    bazel.build()
    bazel.clean()
    check("clean", bazel.what_is_run(), count)
    for kind, make in change.items():
        make()
        check(kind, bazel.what_is_run(), count)
    samples = {kind: [] for kind in wanted_actions(count)}

    def sample(kind):
        took, actions = bazel.build()
        if actions != sum(wanted_actions(count)[kind].values()):
            raise Failure(f"{kind}: {actions} actions were run")
        samples[kind].append(took)

    for _ in range(repetitions["clean"]):
        bazel.clean()
        sample("clean")
    # In turn, so that what disturbs one disturbs all.
    for _ in range(repetitions["others"]):
        for kind, make in change.items():
            make()
            sample(kind)
    return samples


def measure_ninja(folder, changes, repetitions):
    """As above; None without ninja."""
    ninja = shutil.which("ninja")
    if not ninja:
        return None
    change = {"no_op": changes.nothing, "one_c_file": changes.c_file, "one_note": changes.note}
    samples = {kind: [] for kind in ("clean", *change)}
    for _ in range(repetitions["clean"]):
        run([ninja, "-t", "clean"], folder)
        samples["clean"].append(run([ninja], folder)[0])
    for _ in range(repetitions["others"]):
        for kind, make in change.items():
            make()
            samples[kind].append(run([ninja], folder)[0])
    return samples


def figures(subject, samples, who):
    return [{"name": f"{subject}_{kind}/{who}", "unit": "ns", "better": "lower", "exact": False,
             "samples": [round(1e9 * each) for each in seconds]} for kind, seconds in samples.items()]


def ratios(subject, ours, peer):
    found = []
    for kind in peer or {}:
        value = statistics.median(ours[kind]) / statistics.median(peer[kind])
        found.append({"name": f"{subject}_{kind}: ours/ninja", "ours": f"{subject}_{kind}/ours",
                      "peer": f"{subject}_{kind}/ninja", "unit": "ns", "paired": False, "samples": [value], "value": value})
    return found


def action_figures(subject, count):
    """Held to what is wanted before anything was measured."""
    return [{"name": f"{subject}_{kind}_actions/ours", "unit": "calls", "better": "lower", "exact": True,
             "samples": [sum(kinds.values())]} for kind, kinds in wanted_actions(count).items()]


def tell(subject, count, ours, peer):
    print(f"{subject}: {count} modules, median (least to most) in seconds, and the actions that are run")
    for kind, kinds in wanted_actions(count).items():
        line = f"  {kind:<12}"
        for who, samples in (("Bazel", ours), ("ninja", peer)):
            if samples:
                each = samples[kind]
                line += f" {who} {statistics.median(each):7.2f} ({min(each):.2f} to {max(each):.2f})"
        print(line + f"  {', '.join(f'{n} {k}' for k, n in kinds.items()) or 'nothing'}")


def write_results(path, results):
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
    os.replace(path + ".tmp", path)


def smftool_of(arguments):
    """The one given, or else where `bazel run` puts it."""
    path = arguments.smftool or "smftool/smftool"
    if not os.access(path, os.X_OK):
        raise Failure(f"no smftool at {path}; --smftool=FILE names one")
    return os.path.realpath(path)


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", metavar="FILE")
    parser.add_argument("--quick", action="store_true", help="50 modules, two repetitions")
    parser.add_argument("--instructions", action="store_true", help="nothing here counts them")
    parser.add_argument("--modules", type=int)
    parser.add_argument("--smftool", metavar="FILE")
    parser.add_argument("--keep", metavar="FOLDER", help="where the workspace goes and stays")
    return parser.parse_args()


def measure(arguments, folder):
    count = arguments.modules or (50 if arguments.quick else 500)
    # A clean build is the work of a thousand processes: it varies less than it takes time.
    repetitions = {"clean": 1, "others": 2} if arguments.quick else {"clean": 3, "others": 10}
    disturbance = Disturbance()
    workspace = Workspace(os.path.join(folder, "workspace"), count)
    root = os.environ.get("BUILD_WORKSPACE_DIRECTORY") or str(HERE.parent.parent)
    workspace.write(root, smftool_of(arguments))
    changes = Changes(workspace)
    bazel = Bazel(workspace.folder, os.path.join(folder, "output"))
    try:
        ours = measure_bazel(bazel, changes, count, repetitions)
    finally:
        bazel.shutdown()
    peer = measure_ninja(workspace.folder, changes, repetitions)
    subject = f"scale_{count}"
    tell(subject, count, ours, peer)
    return {"schema": 1, "benchmark": "scale_bench", "brief": arguments.quick,
            "environment": environment(folder, disturbance),
            "figures": figures(subject, ours, "ours") + figures(subject, peer or {}, "ninja") + action_figures(subject, count),
            "ratios": ratios(subject, ours, peer), "distributions": [], "stages": [],
            "left_out": [] if peer else [{"name": "ninja", "why": "not installed"}]}


def main():
    arguments = parsed()
    folder = arguments.keep or tempfile.mkdtemp(prefix="smf-scale.", dir=os.environ.get("TMPDIR", "/var/tmp"))
    try:
        results = measure(arguments, folder)
    except Failure as failure:
        print(f"scale_bench: {failure}", file=sys.stderr)
        return 1
    finally:
        if not arguments.keep:
            # Bazel takes the right to write from what it made.
            subprocess.run(["chmod", "-R", "u+w", folder], check=False)
            shutil.rmtree(folder, ignore_errors=True)
    if arguments.results:
        write_results(arguments.results, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
