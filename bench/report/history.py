"""The history: one run a line, JSON, appended only.

Who appends holds a lock on the file from before it is read until the line is in it, so two runs
that end at once both get in and each sees the other or not. A line goes in by one write and is
synced; a write that fails is taken back. A machine that stops in the middle may leave a torn last
line: readers say so and go on, and the next run cuts it off. A line that is broken anywhere else
was not written by this program, and is an error.
"""

import contextlib
import fcntl
import json
import os
from typing import Iterator, List, Optional, Tuple

SCHEMA = 1


class HistoryError(Exception):
    """Says what is wrong with which line."""


def parse(data: bytes, path: str) -> Tuple[List[dict], int, Optional[str]]:
    """The runs, how many bytes of the file hold them, and what was tolerated, if anything."""
    runs: List[dict] = []
    good = 0
    for number, line in enumerate(data.splitlines(keepends=True), 1):
        last = good + len(line) == len(data)
        try:
            if not line.endswith(b"\n"):
                raise ValueError("it has no end")
            if line.strip():
                runs.append(_checked(json.loads(line)))
        except ValueError as error:
            if last and not line.endswith(b"\n"):
                return runs, good, f"{path}: line {number} is torn and was left out ({error})"
            raise HistoryError(f"{path}: line {number} is not a run: {error}") from error
        good += len(line)
    return runs, good, None


def _checked(run: object) -> dict:
    if not isinstance(run, dict):
        raise ValueError("not an object")
    if run.get("schema") != SCHEMA:
        raise ValueError(f"schema {run.get('schema')!r}, this program knows {SCHEMA}")
    for key in ("when", "revision", "machine", "environment", "brief", "benchmarks"):
        if key not in run:
            raise ValueError(f"no {key!r}")
    return run


class History:
    """An open, locked history."""

    def __init__(self, descriptor: int, path: str):
        self._descriptor = descriptor
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read()
        self.runs, self._end, self.note = parse(data, path)

    def append(self, run: dict) -> None:
        line = json.dumps(run, separators=(",", ":"), allow_nan=False).encode() + b"\n"
        os.ftruncate(self._descriptor, self._end)
        os.lseek(self._descriptor, self._end, os.SEEK_SET)
        try:
            if os.write(self._descriptor, line) != len(line):
                raise OSError("the disk took only a part of the line")
            os.fsync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, self._end)
            raise
        self._end += len(line)


@contextlib.contextmanager
def opened(path: str) -> Iterator[History]:
    """Makes the file if there is none; waits for whoever holds it."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield History(descriptor, path)
    finally:
        os.close(descriptor)
