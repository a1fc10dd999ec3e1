"""Runs the benchmark binaries, and says what the workspace is that they were built from."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from typing import List, Sequence

import wording


class RunError(Exception):
    """A benchmark could not be run, or what it wrote is no result."""


def _checked(results: object, binary: str) -> dict:
    if not isinstance(results, dict) or results.get("schema") != 1:
        raise RunError(f"{binary}: its results are not of schema 1")
    for part in ("benchmark", "brief", "environment"):
        if part not in results:
            raise RunError(f"{binary}: its results have no {part!r}")
    return results


def _run(binary: str, folder: str, flags: Sequence[str]) -> dict:
    path = os.path.join(folder, os.path.basename(binary) + ".json")
    command = [os.path.abspath(binary), f"--results={path}", *flags]
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
    except OSError as error:
        raise RunError(f"{binary}: {error.strerror}") from error
    if done.returncode:
        tail = "\n".join(done.stdout.decode(errors="replace").splitlines()[-15:])
        raise RunError(f"{binary} ended with status {done.returncode}; its last lines:\n{tail}")
    try:
        with open(path, encoding="utf-8") as file:
            return _checked(json.load(file), binary)
    except (OSError, ValueError) as error:
        raise RunError(f"{binary} ended well but left no results: {error}") from error


def run_all(binaries: Sequence[str], quick: bool, counted: Sequence[str] = ()) -> List[dict]:
    """One line a binary; on a terminal it is there while the binary runs.

    Of those in `counted` instructions are counted as well, which takes longer than is quick.
    """
    counts = ["--instructions"] if shutil.which("valgrind") and not quick else []
    live = sys.stderr.isatty()
    results = []
    with tempfile.TemporaryDirectory(prefix="smf-nightly.") as folder:
        for i, binary in enumerate(binaries, 1):
            line = f"[{i}/{len(binaries)}] {os.path.basename(binary)}"
            if live:
                print(f"{line} …", end="", file=sys.stderr, flush=True)
            started = time.monotonic()
            flags = (["--quick"] if quick else []) + (counts if binary in counted else [])
            results.append(_run(binary, folder, flags))
            took = f"{time.monotonic() - started:.1f} s"
            figures = wording.count(len(results[-1].get("figures", [])), "figure")
            print(
                f"{chr(13) if live else ''}{line}: {figures} in {took}", file=sys.stderr, flush=True
            )
    return results


def sizes(files: Sequence[str]) -> dict:
    """What ships, as a benchmark whose figures are exact."""
    try:
        figures = [
            {
                "name": f"{os.path.basename(path)}/ours",
                "unit": "bytes",
                "better": "lower",
                "exact": True,
                "samples": [os.stat(path).st_size],
            }
            for path in files
        ]
    except OSError as error:
        raise RunError(f"{error.filename}: {error.strerror}") from error
    return {"benchmark": "sizes", "figures": figures}


def revision(workspace: str) -> dict:
    """As git tells it; "unknown" where there is no git or no repository."""

    def git(*arguments: str) -> str:
        try:
            done = subprocess.run(
                ["git", "-C", workspace, *arguments],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                check=False,
            )
        except OSError:
            return ""
        return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else ""

    return {
        "revision": git("rev-parse", "HEAD") or "unknown",
        "dirty": bool(git("status", "--porcelain", "--untracked-files=no")),
        "describe": git("log", "-1", "--format=%s"),
    }
