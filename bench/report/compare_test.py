#!/usr/bin/env python3
"""Verdicts: what is flagged, and above all what is not."""

import copy
import os
import random
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import compare  # noqa: E402
import made_up  # noqa: E402
from runs import Run  # noqa: E402


def run(rng, factors=None, machine="here", exact=1000, brief=False, count=10, noise=0.01):
    """ours has a peer, alone has none, other is a peer of nobody's; factors by name."""
    factors = factors or {}
    speed = factors.get("machine", 1.0)
    levels = {"a/ours": 100, "a/peer": 150, "a/second": 300, "alone/ours": 70, "b/other": 20}
    drawn = {
        name: [
            level * speed * factors.get(name, 1.0) * rng.lognormvariate(0, noise)
            for _ in range(count)
        ]
        for name, level in levels.items()
    }
    figures = [
        {"name": name, "unit": "ns", "better": "lower", "exact": False, "samples": samples}
        for name, samples in drawn.items()
    ]
    figures.append(
        {
            "name": "a/ours",
            "unit": "instructions",
            "better": "lower",
            "exact": True,
            "samples": [exact],
        }
    )
    ratios = [
        {
            "name": f"a: ours/{peer}",
            "ours": "a/ours",
            "peer": f"a/{peer}",
            "paired": True,
            "samples": [x / y for x, y in zip(drawn["a/ours"], drawn[f"a/{peer}"])],
            "value": 0.7,
        }
        for peer in ("peer", "second")
    ]
    return Run(
        {
            "schema": 1,
            "when": "2026-11-28T18:30:00Z",
            "revision": "0" * 40,
            "dirty": False,
            "describe": "",
            "machine": machine,
            "environment": {},
            "brief": brief,
            "benchmarks": [{"benchmark": "x_bench", "figures": figures, "ratios": ratios}],
        }
    )


def verdicts(history, new):
    return {(each.key.name, each.key.unit): each.verdict for each in compare.judge(history, new)}


A, ALONE, EXACT = ("a/ours", "ns"), ("alone/ours", "ns"), ("a/ours", "instructions")


class Verdicts(unittest.TestCase):
    def setUp(self):
        self.rng = random.Random(1)
        self.history = [run(self.rng) for _ in range(12)]

    def judged(self, *args, history=None, **named):
        return verdicts(self.history if history is None else history, run(self.rng, *args, **named))

    def test_without_a_history_all_is_new(self):
        self.assertEqual(set(self.judged(history=[]).values()), {compare.NEW})

    def test_nothing_changed(self):
        self.assertEqual(set(self.judged().values()), {compare.SAME})

    def test_we_got_slower_or_faster(self):
        self.assertEqual(self.judged({"a/ours": 1.1})[A], compare.REGRESSION)
        self.assertEqual(self.judged({"a/ours": 0.9})[A], compare.IMPROVEMENT)
        self.assertEqual(self.judged({"alone/ours": 1.1})[ALONE], compare.REGRESSION)

    def test_one_run_before_is_enough_for_ten_percent(self):
        self.assertEqual(
            self.judged({"a/ours": 1.1}, history=self.history[:1])[A], compare.REGRESSION
        )
        self.assertEqual(self.judged(history=self.history[:1])[A], compare.SAME)

    def test_the_machine_got_slower(self):
        for factor in (0.6, 1.1, 1.6):
            found = self.judged({"machine": factor})
            self.assertEqual(found[A], compare.SAME)
            self.assertNotIn(found[ALONE], (compare.REGRESSION, compare.IMPROVEMENT))

    def test_the_machine_and_we_got_slower(self):
        found = self.judged({"machine": 1.6, "a/ours": 1.1, "alone/ours": 1.1})
        self.assertEqual((found[A], found[ALONE]), (compare.REGRESSION, compare.REGRESSION))

    def test_a_peer_moved_alone(self):
        for peer in ("a/peer", "a/second"):
            self.assertNotEqual(self.judged({peer: 0.85})[A], compare.REGRESSION)

    def test_what_is_too_small_to_matter(self):
        history = [run(self.rng, noise=0.001) for _ in range(12)]
        slower = run(self.rng, {"a/ours": 1.02, "alone/ours": 1.02}, noise=0.001)
        self.assertEqual(set(verdicts(history, slower).values()), {compare.SAME})

    def test_three_samples_against_three_cannot_tell(self):
        history = [run(self.rng, count=3)]
        self.assertEqual(
            verdicts(history, run(self.rng, {"a/ours": 1.3}, count=3))[A], compare.SAME
        )

    def test_samples_of_one_process_resemble_one_another(self):
        """Each run has a level of its own: 8 % are nothing, though the samples of all differ."""
        history = [run(self.rng, {"a/ours": 1 + 0.02 * (i % 5)}, noise=0.002) for i in range(15)]
        for factor, verdict in ((1.08, compare.SAME), (1.3, compare.REGRESSION)):
            new = run(self.rng, {"a/ours": factor}, noise=0.002)
            self.assertEqual(verdicts(history, new)[A], verdict)

    def test_a_level_that_was_there_before_is_no_news(self):
        for count in (7, 18):
            factors = [1.2 if i in (2, 5) else 1.0 for i in range(count)]
            history = [run(self.rng, {"a/ours": factor}) for factor in factors]
            self.assertEqual(verdicts(history, run(self.rng, {"a/ours": 1.19}))[A], compare.SAME)
            self.assertEqual(
                verdicts(history, run(self.rng, {"a/ours": 1.35}))[A], compare.REGRESSION
            )

    def test_the_median_of_the_run_before_may_be_another(self):
        """31 samples of two levels: their median is the lower one, and might well be the higher."""

        def of(samples):
            made = run(self.rng)
            [key] = [key for key in made.figures if key.name == "alone/ours"]
            made.figures = {key: {**made.figures[key], "samples": samples}}
            return made

        new = of([1.3 + 0.0001 * i for i in range(300)])
        for high, verdict in ((1.35, compare.SAME), (1.25, compare.REGRESSION)):
            self.assertEqual(verdicts([of([1.0] * 20 + [high] * 11)], new)[ALONE], verdict)

    def test_how_wide_the_band_is(self):
        """docs/benchmarks.md says so, in standard deviations."""
        for count, deviations in ((5, 10.1), (10, 4.8), (20, 3.8), (21, 3.8)):
            values = [100 + 4 * i for i in range(count)]
            series = compare.Series([None] * (count + 1), [], [*values, 100])
            level = values[-compare.BASELINE_RUNS :]
            low, high = series.band()
            self.assertAlmostEqual((high - low) / 2 / compare.spread(level), deviations, delta=0.1)

    def test_exact_figures(self):
        self.assertEqual(self.judged()[EXACT], compare.SAME)
        self.assertEqual(self.judged(exact=1001)[EXACT], compare.CHANGED)
        self.assertEqual(self.judged(exact=1002)[EXACT], compare.REGRESSION)
        self.assertEqual(self.judged(exact=990)[EXACT], compare.IMPROVEMENT)

    def test_another_machine_or_a_quick_run_is_not_compared_with(self):
        slower = {"a/ours": 2.0}
        self.assertEqual(self.judged(slower, machine="there")[A], compare.NEW)
        self.assertEqual(self.judged(slower, brief=True)[A], compare.NEW)

    def test_the_band_is_of_the_runs_since_the_last_change_point(self):
        history = [run(self.rng) for _ in range(10)] + [
            run(self.rng, {"a/ours": 1.3}) for _ in range(8)
        ]
        found = {
            (each.key.name, each.key.unit): each
            for each in compare.judge(history, run(self.rng, {"a/ours": 1.4}))
        }
        self.assertEqual(found[A].series.breaks, [10])
        self.assertEqual(found[A].series.before, range(10, 18))
        self.assertEqual(found[A].verdict, compare.REGRESSION)
        low, high = found[A].series.band()
        self.assertLess(high / low, 1.15)

    def test_a_variant_of_ours_is_no_yardstick_but_has_those_of_ours(self):
        def with_variant(factor):
            made = run(self.rng, {"a/ours": factor}).record
            results = made["benchmarks"][0]
            [ours] = [
                each
                for each in results["figures"]
                if (each["name"], each["unit"]) == ("a/ours", "ns")
            ]
            results["figures"].append({**ours, "name": "a/ours_twice"})
            # It would be the steadiest of all.
            results["ratios"].append(
                {
                    "name": "a: ours/ours_twice",
                    "unit": "ns",
                    "ours": "a/ours",
                    "peer": "a/ours_twice",
                    "samples": [1.0] * 10,
                    "value": 1.0,
                }
            )
            return Run(made)

        history = [with_variant(1.0) for _ in range(8)]
        judged = {
            each.key.name: each
            for each in compare.judge(history, with_variant(1.1))
            if not each.exact
        }
        for name in ("a/ours", "a/ours_twice"):
            self.assertEqual(judged[name].verdict, compare.REGRESSION)
            self.assertRegex(judged[name].judged_by, "/(peer|second)$")

    def test_what_was_nothing_and_is_something_is_told(self):
        for value, verdict in ((0, compare.SAME), (7, compare.CHANGED)):
            history, new = [run(self.rng) for _ in range(6)], run(self.rng)
            for each in [*history, new]:
                [key] = [key for key in each.figures if key.name == "alone/ours"]
                each.figures[key]["samples"] = [value if each is new else 0] * 10
            self.assertEqual(verdicts(history, new)[ALONE], verdict)

    def test_higher_is_better_where_the_figure_says_so(self):
        history, new = copy.deepcopy(self.history), run(self.rng, {"alone/ours": 1.2})
        for each in [*history, new]:
            for key, figure in each.figures.items():
                if key.name == "alone/ours":
                    figure["better"] = "higher"
        self.assertEqual(verdicts(history, new)[ALONE], compare.IMPROVEMENT)

    def test_a_figure_that_is_gone_is_told(self):
        new = run(self.rng)
        [key] = [key for key in new.figures if key.name == "alone/ours"]
        del new.figures[key]
        self.assertEqual(compare.vanished(self.history, new), [key])

    def test_the_same_data_give_the_same_verdicts_and_intervals(self):
        runs = [Run(line) for line in made_up.history(20)]
        first, second = (compare.judge(runs[:-1], runs[-1]) for _ in range(2))
        self.assertEqual(
            [(each.verdict, each.interval, each.q) for each in first],
            [(each.verdict, each.interval, each.q) for each in second],
        )


if __name__ == "__main__":
    unittest.main()
