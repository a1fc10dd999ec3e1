#!/usr/bin/env python3
"""The command as it is used, with small programs in place of the benchmarks."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import history  # noqa: E402
import nightly  # noqa: E402

# Pretends to be a benchmark; what happens is told by the environment.
FAKE = """#!/usr/bin/env python3
import json, os, random, sys
sys.path.insert(0, {here!r})
import made_up
if os.environ.get("FAIL") == {name!r}:
    print("it broke: out of luck")
    sys.exit(3)
path = [a for a in sys.argv if a.startswith("--results=")][0].partition("=")[2]
rng = random.Random(os.environ["SEED"] + {name!r})
made = made_up.results(rng, {name!r}, 0.1, "--quick" in sys.argv)
for figure in made["figures"]:
    if figure["name"] == "hit/ours":
        figure["samples"] = [v * float(os.environ.get("SLOWER", 1)) for v in figure["samples"]]
for ratio in made["ratios"]:
    if ratio["ours"] == "hit/ours":
        ratio["samples"] = [v * float(os.environ.get("SLOWER", 1)) for v in ratio["samples"]]
if os.environ.get("SILENT") != {name!r}:
    json.dump(made, open(path, "w"))
"""


class Nightly(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.here = os.path.dirname(os.path.abspath(nightly.page.__file__))
        self.binaries = []
        self.seed = 0
        for name in ("cache_bench", "io_bench", "jit_bench"):
            path = os.path.join(self.folder, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(FAKE.format(here=self.here, name=name))
            os.chmod(path, 0o755)
            self.binaries.append(path)
        self.ships = os.path.join(self.folder, "smftool")
        with open(self.ships, "wb") as file:
            file.write(b"x" * 1000)

    def run_it(self, *arguments, **environment):
        self.seed += 1
        uplot = os.environ.get("SMF_UPLOT", os.path.join(self.here, "uplot"))
        environment = {
            **os.environ,
            "SMF_WORKING_DIRECTORY": self.folder,
            "BUILD_WORKSPACE_DIRECTORY": self.folder,
            "SEED": str(self.seed),
            **environment,
        }
        return subprocess.run(
            [
                sys.executable,
                os.path.join(self.here, "nightly.py"),
                *[f"--binary={path}" for path in self.binaries],
                f"--ships={self.ships}",
                f"--uplot={uplot}",
                "--out=out",
                *arguments,
            ],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    def files(self):
        out = os.path.join(self.folder, "out")
        return sorted(os.listdir(out)) if os.path.isdir(out) else []

    def lines(self):
        with history.opened(os.path.join(self.folder, "out", "history.jsonl")) as past:
            return past.runs

    def test_runs_that_are_alike_end_with_0_and_a_slower_one_with_1(self):
        for _ in range(3):
            done = self.run_it()
            self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        self.assertEqual(
            self.files(), ["history.jsonl", "index.html", "performance.md", "report.md"]
        )
        self.assertIn("[3/3] jit_bench: ", done.stderr)
        self.assertIn("Nothing got worse", done.stdout)
        done = self.run_it(SLOWER="1.2")
        self.assertEqual(done.returncode, 1, done.stderr + done.stdout)
        self.assertIn("1 figure got worse", done.stdout)
        self.assertEqual(len(self.lines()), 4)

    def test_a_larger_binary_is_a_regression(self):
        self.run_it()
        with open(self.ships, "ab") as file:
            file.write(b"x" * 10)
        done = self.run_it()
        self.assertEqual(done.returncode, 1)
        self.assertIn("smftool/ours", done.stdout)

    def test_a_benchmark_that_fails_is_named_and_nothing_is_written(self):
        self.run_it()
        before = {
            name: os.stat(os.path.join(self.folder, "out", name)).st_mtime_ns
            for name in self.files()
        }
        for environment, said in (
            ({"FAIL": "io_bench"}, "it broke: out of luck"),
            ({"SILENT": "io_bench"}, "left no results"),
        ):
            done = self.run_it(**environment)
            self.assertEqual(done.returncode, 2)
            self.assertIn("io_bench", done.stderr)
            self.assertIn(said, done.stderr)
            self.assertNotIn("Traceback", done.stderr)
        self.assertEqual(
            before,
            {
                name: os.stat(os.path.join(self.folder, "out", name)).st_mtime_ns
                for name in self.files()
            },
        )

    def test_what_cannot_be_written_or_read_is_told_before_anything_runs(self):
        with open(os.path.join(self.folder, "file"), "w", encoding="utf-8") as file:
            file.write("{}\n")
        for arguments, said in (
            (["--out=file"], "file"),
            (["--history=file"], "line 1 is not a run"),
        ):
            done = self.run_it(*arguments, FAIL="cache_bench")
            self.assertEqual(done.returncode, 2)
            self.assertIn(said, done.stderr)
            self.assertNotIn("it broke", done.stderr)

    def test_quick_runs_have_a_line_of_their_own(self):
        self.run_it()
        done = self.run_it("--quick", SLOWER="2")
        self.assertEqual(done.returncode, 0)
        self.assertIn("a quick run; compared with 0 runs", done.stdout)
        self.assertEqual([line["brief"] for line in self.lines()], [False, True])

    def test_the_reference_of_a_machine_takes_a_full_run(self):
        done = self.run_it("--quick", "--performance=docs/performance.md")
        self.assertEqual(done.returncode, 2)
        self.assertIn("takes a full run", done.stderr)
        done = self.run_it("--performance=docs/performance.md")
        self.assertEqual(done.returncode, 0)
        with open(os.path.join(self.folder, "docs", "performance.md"), encoding="utf-8") as file:
            written = file.read()
        self.assertIn("| hit | 3", written)
        self.assertIn("Made-up 9000", written)

    def test_the_revision_is_the_workspaces(self):
        if not shutil.which("git"):
            self.skipTest("no git")

        def git(*arguments):
            subprocess.run(
                [
                    "git",
                    "-C",
                    self.folder,
                    "-c",
                    "user.name=x",
                    "-c",
                    "user.email=x@example.com",
                    *arguments,
                ],
                check=True,
                stdout=subprocess.DEVNULL,
            )

        git("init", "-q")
        git("add", "smftool")
        git("commit", "-q", "-m", "A subject | with a bar")
        self.run_it()
        with open(self.ships, "ab") as file:
            file.write(b"")
        with open(os.path.join(self.folder, "out", "history.jsonl"), encoding="utf-8") as file:
            line = json.loads(file.readline())
        self.assertRegex(line["revision"], "^[0-9a-f]{40}$")
        self.assertEqual((line["dirty"], line["describe"]), (False, "A subject | with a bar"))


if __name__ == "__main__":
    unittest.main()
