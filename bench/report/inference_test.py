#!/usr/bin/env python3
"""The statistics, beside scipy where there is one, and by what has to hold anyway."""

import itertools
import os
import random
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import inference  # noqa: E402
import testing  # noqa: E402
from change_points import change_points, steps  # noqa: E402

try:
    from scipy import stats
except ImportError:
    stats = None


def all_arrangements(first, second):
    """The p value by its definition."""
    ranks = inference._doubled_ranks([*first, *second])
    middle = sum(ranks) * len(first) / len(ranks)
    sums = [sum(chosen) for chosen in itertools.combinations(ranks, len(first))]
    distance = abs(sum(ranks[: len(first)]) - middle) - 1e-9
    return sum(abs(each - middle) >= distance for each in sums) / len(sums)


class MannWhitney(unittest.TestCase):
    def test_small_samples_are_counted_exactly_with_ties(self):
        rng = random.Random(1)
        for _ in range(60):
            first = [rng.randrange(6) for _ in range(rng.randrange(1, 6))]
            second = [rng.randrange(6) for _ in range(rng.randrange(1, 8))]
            self.assertAlmostEqual(
                inference.mann_whitney(first, second),
                all_arrangements(*sorted((first, second), key=len)),
            )

    def test_it_does_not_matter_which_comes_first(self):
        first, second = [1.0, 2, 3, 9, 9], [4.0, 5, 6, 7, 8, 9, 10]
        self.assertEqual(
            inference.mann_whitney(first, second), inference.mann_whitney(second, first)
        )

    def test_nothing_and_the_same_are_no_difference(self):
        self.assertEqual(inference.mann_whitney([], [1.0]), 1.0)
        self.assertEqual(inference.mann_whitney([3.0] * 9, [3.0] * 9), 1.0)
        self.assertEqual(inference.mann_whitney([3.0] * 90, [3.0] * 90), 1.0)

    def test_of_equal_distributions_few_seem_different(self):
        rng = random.Random(2)
        for sizes in ((10, 10), (10, 100)):
            p = [
                inference.mann_whitney(*[[rng.gauss(0, 1) for _ in range(size)] for size in sizes])
                for _ in range(400)
            ]
            self.assertLess(sum(each < 0.05 for each in p) / len(p), 0.09)
            self.assertGreater(sum(each < 0.5 for each in p) / len(p), 0.4)

    def test_as_scipy_has_it(self):
        if stats is None:
            testing.skip("scipy is not installed (python3-scipy)")
        rng = random.Random(3)
        for n, m, exact in (
            (3, 9, True),
            (10, 10, True),
            (12, 28, True),
            (10, 60, False),
            (50, 70, False),
        ):
            for decimals in (6, 1):
                first = [round(rng.gauss(0, 1), decimals) for _ in range(n)]
                second = [round(rng.gauss(0.5, 1), decimals) for _ in range(m)]
                if exact and len({*first, *second}) < n + m:
                    continue  # scipy does not count ties exactly.
                expected = stats.mannwhitneyu(
                    first, second, method="exact" if exact else "asymptotic"
                )
                self.assertAlmostEqual(
                    inference.mann_whitney(first, second), expected.pvalue, places=9
                )


class BenjaminiHochberg(unittest.TestCase):
    def test_a_known_example(self):
        p = [0.01, 0.04, 0.03, 0.005, 0.5]
        expected = [0.025, 0.05, 0.05, 0.025, 0.5]
        for got, wanted in zip(inference.benjamini_hochberg(p), expected):
            self.assertAlmostEqual(got, wanted)
        self.assertEqual(inference.benjamini_hochberg([]), [])

    def test_as_scipy_has_it(self):
        if stats is None:
            testing.skip("scipy is not installed (python3-scipy)")
        if not hasattr(stats, "false_discovery_control"):
            return  # scipy has it since 1.11; the example above stands.
        p = [random.Random(4).random() for _ in range(50)]
        for got, wanted in zip(inference.benjamini_hochberg(p), stats.false_discovery_control(p)):
            self.assertAlmostEqual(got, wanted)

    def test_a_hundred_figures_that_did_not_change_raise_no_alarm(self):
        rng = random.Random(5)
        alarms = sum(
            min(inference.benjamini_hochberg([rng.random() for _ in range(100)])) <= 0.01
            for _ in range(300)
        )
        self.assertLess(alarms, 12)


class RatioInterval(unittest.TestCase):
    def test_it_holds_the_true_ratio_about_as_often_as_it_says(self):
        rng = random.Random(6)
        held = 0
        for i in range(150):
            old = [rng.lognormvariate(0, 0.05) for _ in range(15)]
            new = [1.1 * rng.lognormvariate(0, 0.05) for _ in range(15)]
            low, high = inference.ratio_interval(old, new, seed=i, rounds=400)
            held += low <= 1.1 <= high
        self.assertGreater(held / 150, 0.88)

    def test_the_same_data_give_the_same_interval(self):
        old, new = [1.0, 1.1, 0.9, 1.05], [2.0, 2.2, 1.9]
        self.assertEqual(inference.ratio_interval(old, new), inference.ratio_interval(old, new))

    def test_as_scipy_has_it(self):
        if stats is None:
            testing.skip("scipy is not installed (python3-scipy)")
        rng = random.Random(7)
        old, new = ([rng.lognormvariate(shift, 0.1) for _ in range(20)] for shift in (0, 0.2))

        def ratio(a, b, axis):
            import numpy

            return numpy.median(b, axis=axis) / numpy.median(a, axis=axis)

        expected = stats.bootstrap(
            (old, new), ratio, vectorized=True, method="percentile", random_state=1
        ).confidence_interval
        got = inference.ratio_interval(old, new, rounds=4000)
        self.assertAlmostEqual(got[0], expected.low, delta=0.03)
        self.assertAlmostEqual(got[1], expected.high, delta=0.03)


class ChangePoints(unittest.TestCase):
    def series(self, rng, *levels, noise=0.02):
        return [
            level * rng.lognormvariate(0, noise) for level, count in levels for _ in range(count)
        ]

    def test_steps_are_found_where_they_are(self):
        rng = random.Random(8)
        for _ in range(10):
            found = change_points(self.series(rng, (100, 20), (110, 15), (95, 12)), 0.03)
            self.assertEqual(len(found), 2, found)
            self.assertLessEqual(abs(found[0] - 20) + abs(found[1] - 35), 2)

    def test_noise_and_one_odd_night_are_none(self):
        rng = random.Random(9)
        found = 0
        for _ in range(50):
            series = self.series(rng, (100, 40))
            series[rng.randrange(40)] *= 1.6
            found += bool(change_points(series, 0.03))
        self.assertLessEqual(found, 1)

    def test_a_step_too_small_to_matter_is_none(self):
        series = self.series(random.Random(10), (100, 30), (101, 30), noise=0.001)
        self.assertEqual(change_points(series, 0.03), [])
        self.assertEqual(len(change_points(series, 0.001)), 1)

    def test_short_and_constant_series_have_none(self):
        self.assertEqual(change_points([1, 2, 3]), [])
        self.assertEqual(change_points([5.0] * 30), [])

    def test_every_change_of_an_exact_series_is_one(self):
        self.assertEqual(steps([5, 5, 6, 6, 5]), [2, 4])


if __name__ == "__main__":
    unittest.main()
