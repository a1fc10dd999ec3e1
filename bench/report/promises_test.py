#!/usr/bin/env python3
"""Targets and claims are judged by the results alone."""

import json
import os
import random
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import made_up  # noqa: E402
import promises  # noqa: E402


class Promises(unittest.TestCase):
    def setUp(self):
        rng = random.Random(1)
        self.results = [made_up.results(rng, name, 0.1, False) for name in made_up.BENCHMARKS]

    def evaluate(self, kind, *records):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump({"schema": 1, kind: records}, file)
            file.flush()
            return promises.evaluate(file.name, self.results)

    def target(self, measure, **bounds):
        record = {"id": "x", "area": "", "target": "", "measure": measure, **bounds}
        return self.evaluate("targets", record)[0]

    def test_a_target_is_reached_or_missed_by_its_bound(self):
        ratio = {"benchmark": "cache_bench", "ratio": "hit: ours/textbook"}
        reached = self.target(ratio, at_most=1.0)
        self.assertEqual(reached.verdict, promises.REACHED)
        self.assertAlmostEqual(reached.outcomes[0].value, 34 / 58, delta=0.05)
        self.assertEqual(self.target(ratio, at_most=0.1).verdict, promises.MISSED)
        self.assertEqual(self.target(ratio, at_least=0.5, at_most=0.7).verdict, promises.REACHED)
        self.assertEqual(self.target(ratio, at_least=0.8).verdict, promises.MISSED)

    def test_every_kind_of_measure_finds_its_value(self):
        for measure, low, high in (
            ({"figure": "hit/ours"}, 30, 38),
            ({"figure": "cold/ours", "unit": "instructions"}, 80000, 82000),
            ({"distribution": "cold/ours", "at": "p99"}, 30000, 40000),
            ({"stage": "cold"}, 14000, 15500),
            ({"stage": "cold", "part": "lower"}, 3700, 4100),
            ({"break_even": {"span": 65536}}, 120, 120),
            (
                {"matrix": {"span": 1 << 20, "size": 8, "state": "warm", "order": "random"}},
                150,
                220,
            ),
            ({"matrix": {"state": "fresh"}, "of": "highest"}, 0.2, 0.8),
            (
                {
                    "matrix": {"size": 8, "state": "warm", "order": "random"},
                    "reading": "lseek_read",
                },
                250,
                380,
            ),
            ({"ratios": "hit", "peer": "textbook", "of": "highest"}, 0.5, 1.2),
            ({"divide": [{"figure": "open/mapped"}, {"figure": "open/pread"}]}, 3.5, 4.7),
        ):
            value = self.target(measure, at_least=0).outcomes[0].value
            self.assertTrue(low <= value <= high, f"{measure}: {value}")

    def test_to_read_the_whole_file_counts_only_if_named(self):
        io = self.results[made_up.BENCHMARKS.index("io_bench")]
        for cell in io["matrix"]:
            cell["methods"].append({"method": "whole_read", "mapping": False, "samples": [1.0]})
        measure = {"matrix": {"size": 8, "state": "warm", "order": "random"}}
        self.assertGreater(self.target(measure, at_least=0).outcomes[0].value, 100)
        whole = self.target({**measure, "reading": "whole_read"}, at_least=0)
        self.assertLess(whole.outcomes[0].value, 1)

    def test_what_the_results_lack_is_not_measured(self):
        for measure in (
            {"figure": "none/ours"},
            {"ratio": "x: ours/y"},
            {"ratios": "hit", "peer": "y"},
            {"matrix": {"size": 7}},
            {"divide": [{"figure": "hit/ours"}, {"figure": "none/ours"}]},
        ):
            self.assertEqual(self.target(measure, at_most=1).verdict, promises.NOT_MEASURED)

    def test_a_claim_is_true_false_or_depends(self):
        warm = {"when": "warm", "measure": {"matrix": {"size": 8, "state": "warm"}}, "at_least": 80}
        cold = {"when": "cold", "measure": {"matrix": {"size": 8, "state": "cold"}}, "at_least": 80}
        never = {"when": "never", "measure": {"matrix": {"size": 7}}, "at_least": 80}
        for cases, verdict in (
            ([warm], promises.TRUE),
            ([cold], promises.FALSE),
            ([warm, cold], promises.DEPENDS),
            ([warm, never], promises.TRUE),
            ([never], promises.NOT_MEASURED),
        ):
            [claim] = self.evaluate("claims", {"id": "x", "claim": "", "cases": cases})
            self.assertEqual(claim.verdict, verdict)

    def test_mistakes_in_the_file_are_errors_that_name_the_record(self):
        for measure in (
            {},
            {"figure": "hit/ours", "ratio": "x"},
            {"figure": "cold/ours"},
            {"matrix": {"sise": 8}},
            {"matrix": {"size": 8}, "of": "best"},
        ):
            with self.assertRaisesRegex(promises.PromiseError, ": x: "):
                self.target(measure, at_most=1)
        with self.assertRaisesRegex(promises.PromiseError, "neither"):
            self.target({"figure": "hit/ours"})

    def test_the_files_of_this_folder_can_be_read(self):
        here = os.path.dirname(os.path.abspath(promises.__file__))
        for name in ("targets.json", "claims.json"):
            self.assertTrue(promises.evaluate(os.path.join(here, name), self.results))


if __name__ == "__main__":
    unittest.main()
