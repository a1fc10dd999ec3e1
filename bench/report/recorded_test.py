#!/usr/bin/env python3
"""On recorded runs of our benchmarks: a slowdown of 10 % is flagged, a run against itself is not.

Twenty trials of each, all of which have to be right. The noise is that of real runs on a virtual
machine that others used meanwhile; a trial draws samples anew from what was recorded.
"""

import os
import random
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import compare  # noqa: E402
import recorded  # noqa: E402
from runs import Run  # noqa: E402

TRIALS = 20
SLOWDOWN = 1.10


def verdicts(before, new):
    return compare.judge([Run(line) for line in before], Run(new))


def alarms(judgements):
    return [
        f"{each.key.benchmark} {each.key.name}: {each.verdict}, {each.change:.3f}"
        for each in judgements
        if each.verdict in (compare.REGRESSION, compare.IMPROVEMENT)
    ]


class OnRecordedRuns(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lines = recorded.read()

    def trial(self, number):
        """All runs as they could have been, and one of them that they are to be compared with."""
        rng = random.Random(number)
        lines = rng.sample(self.lines, len(self.lines))
        return rng, [recorded.resampled(line, rng) for line in lines], lines[0]

    def test_there_is_something_to_try_it_on(self):
        self.assertGreaterEqual(len(self.lines), compare.BAND_RUNS + 1)
        timed = [
            key
            for key, figure in Run(self.lines[0]).figures.items()
            if key.ours and not figure.get("exact")
        ]
        self.assertGreaterEqual(len(timed), 20)

    def test_a_run_against_itself_is_not_flagged(self):
        for number in range(TRIALS):
            rng, _, line = self.trial(number)
            judged = verdicts([recorded.resampled(line, rng)], recorded.resampled(line, rng))
            self.assertEqual(alarms(judged), [], f"trial {number}")

    def test_a_run_like_those_before_is_not_flagged(self):
        for number in range(TRIALS):
            rng, before, line = self.trial(number)
            judged = verdicts(before, recorded.resampled(line, rng))
            self.assertEqual(alarms(judged), [], f"trial {number}")

    def test_noise_that_was_never_seen_before_rarely_raises_an_alarm(self):
        """Each run against all others: the one with the worst moments is among them."""
        raised, judged = [], 0
        for line in self.lines:
            found = verdicts([other for other in self.lines if other is not line], line)
            raised += alarms(found)
            judged += len(found)
        print(f"{len(raised)} of {judged} verdicts were false: {raised}")
        self.assertLess(len(raised), judged / 20)

    def test_ten_percent_are_flagged_and_nothing_else_is(self):
        for number in range(TRIALS):
            rng, before, line = self.trial(number)
            new = recorded.resampled(line, rng)
            candidates = [
                each.key
                for each in verdicts(before, new)
                if not each.exact and each.sees and each.sees < (SLOWDOWN - 1) / 2
            ]
            key = rng.choice(candidates)
            judged = verdicts(before, recorded.slowed(new, key, SLOWDOWN))
            flagged = [each.key for each in judged if each.verdict == compare.REGRESSION]
            self.assertEqual(flagged, [key], f"trial {number}")

    def test_a_third_of_the_figures_is_steady_enough_for_that_even_so(self):
        _, before, line = self.trial(0)
        timed = [each for each in verdicts(before, line) if not each.exact]
        steady = [each for each in timed if each.sees and each.sees < SLOWDOWN - 1]
        print(f"{len(steady)} of {len(timed)} figures would show {SLOWDOWN - 1:.0%}")
        self.assertGreater(len(steady), len(timed) / 3)


if __name__ == "__main__":
    unittest.main()
