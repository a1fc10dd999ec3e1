#!/usr/bin/env python3
"""Targets and claims are about figures that the benchmarks have."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import names  # noqa: E402
import promises  # noqa: E402

# What a short run does not have.
FULL_RUNS_ONLY = {
    ("pack-memory", ""),
    ("random-access", "64 bytes of 1 GiB, not in memory"),
    ("random-access", "64 bytes of 1 GiB, touched before"),
    ("random-access", "64 bytes of 64 MiB, touched before"),
    ("random-access", "8 bytes of 64 MiB, touched before"),
}


class Names(unittest.TestCase):
    def test_every_measure_names_something_that_is_measured(self):
        here = os.path.dirname(os.path.abspath(promises.__file__))
        missing = {
            (promise.id, outcome.when)
            for file in ("targets.json", "claims.json")
            for promise in promises.evaluate(os.path.join(here, file), names.read())
            for outcome in promise.outcomes
            if outcome.value is None
        }
        self.assertEqual(missing, FULL_RUNS_ONLY)


if __name__ == "__main__":
    unittest.main()
