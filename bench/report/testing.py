"""What the tests share."""

import os
import sys
import unittest
from typing import List, Sequence

import compare
import made_up
import page
import promises
from report import Report
from runs import Run

# Set where nothing may be missing: there, a test that cannot run has failed.
COMPLETE = os.environ.get("SMF_NOTHING_SKIPPED") == "1"


def skip(reason: str) -> None:
    """Of the test that runs. Where nothing may be skipped it fails."""
    if COMPLETE:
        raise AssertionError(f"not skipped, since SMF_NOTHING_SKIPPED=1: {reason}")
    print(f"skipped: {reason}", file=sys.stderr)
    raise unittest.SkipTest(reason)


def uplot() -> page.Library:
    """In the tests' runfiles; elsewhere the folder that SMF_UPLOT names."""
    here = os.path.dirname(os.path.abspath(page.__file__))
    return page.Library.load(os.environ.get("SMF_UPLOT", os.path.join(here, "uplot")))


def report_of(lines: Sequence[dict]) -> Report:
    """About the last of these lines of a history."""
    runs: List[Run] = [Run(line) for line in lines]
    here = os.path.dirname(os.path.abspath(page.__file__))
    results = lines[-1]["benchmarks"]
    return Report(
        runs[-1],
        runs[:-1],
        compare.judge(runs[:-1], runs[-1]),
        promises.evaluate(os.path.join(here, "targets.json"), results),
        promises.evaluate(os.path.join(here, "claims.json"), results),
        compare.vanished(runs[:-1], runs[-1]),
        revision_url="https://example.com/commit/{revision}",
        source_url="https://example.com/blob/{revision}/{path}",
    )


def made_up_report(count: int = 60) -> Report:
    return report_of(made_up.history(count))
