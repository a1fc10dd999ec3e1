"""The verdict on each of our figures: did it change since the runs before?

Compared are runs of the same machine and the same brevity only, and of those the runs since the
last change point: what was before has another level, and would widen the noise band until the next
change hides in it.

Two things must not be taken for each other: we got slower, and the machine did. So a figure has
two witnesses. Where it has peers, measured in the same run, the first is its ratio to the peer
whose ratio has been the steadiest, and the second is its time, corrected by how much all peers of
the binary moved. Without peers the first is its time and the second the time corrected by the peers
of the whole run. A verdict takes a significant first witness and a second one that says the same.

Exact figures (instructions, sizes, hit ratios of recorded traces) need no statistics: any change is
shown, and one of more than 0.1 % is a verdict.
"""

import math
import zlib
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Sequence, Tuple

from change_points import change_points, steps
from inference import benjamini_hochberg, mann_whitney, median, ratio_interval, spread
from runs import Key, Run

LEAST_EFFECT = 0.03
LEAST_EXACT_EFFECT = 0.001
MOST_FALSE = 0.01  # The q value that a verdict takes.
BAND_RUNS = 5  # So many runs tell how much medians of runs differ: the noise band.
BAND_WIDTH = 3.5  # In standard deviations, as medians estimate them, of many runs.
MANY_RUNS = 15
BASELINE_RUNS = 20
HISTORY_RUNS = 120

REGRESSION, IMPROVEMENT, SAME, NEW = "regression", "improvement", "same", "new"
CHANGED = "changed"  # An exact figure moved, by less than is worth a verdict.
UNCONFIRMED = "unconfirmed"  # The witnesses disagree: the peer or the machine moved.


@dataclass
class Series:
    """One value of each comparable run that has it, oldest first; the last is the new one."""

    runs: List[Run]
    samples: List[Sequence[float]]
    values: List[float]
    breaks: List[int] = field(default_factory=list)

    @property
    def before(self) -> range:
        """The runs that the new one is compared with."""
        start = max([b for b in self.breaks if b < len(self.values) - 1], default=0)
        return range(max(start, len(self.values) - 1 - BASELINE_RUNS), len(self.values) - 1)

    def band(self) -> Optional[Tuple[float, float]]:
        """Where the next median is expected; None while a single run cannot tell."""
        level = [self.values[i] for i in self.before]
        if len(level) < 2:
            return None
        if len(level) < BAND_RUNS:
            low, high = min(level), max(level)
            return max(2 * low - high, 0.0), 2 * high - low  # Few runs show a part of the noise.
        # About Student's distribution at 0.1 %: few runs estimate a deviation badly.
        deviations = BAND_WIDTH * (1 + 30 / (len(level) - 1) ** 2)
        centre, width = median(level), deviations * spread(level)
        # Some figures have two levels, and keep the rarer one for a night: what was there before is
        # no news. Of many runs the most extreme may have been an accident.
        seen = sorted(level)[1:-1] if len(level) >= MANY_RUNS else sorted(level)
        lowest, highest = seen[0] * (1 - LEAST_EFFECT), seen[-1] * (1 + LEAST_EFFECT)
        return max(min(centre - width, lowest), 0.0), max(centre + width, highest)

    def noise(self) -> float:
        """How steady it is, relative."""
        level = [self.values[i] for i in self.before]
        values = level if len(level) >= BAND_RUNS else self.samples[-1]
        return spread(values) / abs(median(values)) if median(values) else math.inf


@dataclass
class Judgement:
    key: Key
    better: str
    exact: bool
    judged_by: str  # "value", "time", or the name of a ratio
    series: Series
    new: float  # Of the figure itself, as is the old value.
    old: Optional[float] = None
    change: Optional[float] = None  # new / old of what it is judged by
    interval: Optional[Tuple[float, float]] = None
    own_interval: Optional[Tuple[float, float]] = None  # ... as if the old value were certain
    second: Optional[float] = None  # The same by the second witness
    own: Optional[float] = None  # The plain change of its time
    peer: Optional[float] = None  # ... and of the peer's
    p: Optional[float] = None
    q: Optional[float] = None
    sees: Optional[float] = None  # The smallest relative change that would get a verdict
    verdict: str = NEW

    @property
    def since(self) -> Optional[Run]:
        """The last run before this one."""
        return self.series.runs[-2] if len(self.series.runs) > 1 else None

    def is_worse(self) -> bool:
        return (self.change or 1.0) > 1 if self.better == "lower" else (self.change or 1.0) < 1


def _series(runs: Sequence[Run], samples_of) -> Series:
    having = [(run, samples_of(run)) for run in runs]
    having = [(run, samples) for run, samples in having if samples][-HISTORY_RUNS:]
    return Series(
        [run for run, _ in having],
        [samples for _, samples in having],
        [median(samples) for _, samples in having],
    )


def _figure_series(runs: Sequence[Run], key: Key) -> Series:
    return _series(runs, lambda run: run.figures.get(key, {}).get("samples"))


def _ratio_series(runs: Sequence[Run], key: Key) -> Series:
    return _series(runs, lambda run: run.ratios.get(key, {}).get("samples"))


def _seed(key: Key) -> int:
    return zlib.crc32("\n".join(key).encode())


def _moved(runs: Sequence[Run], key: Key) -> Optional[float]:
    """New median of a figure / median of the runs before."""
    series = _figure_series(runs, key)
    level = series.values[-1 - BASELINE_RUNS : -1]
    return series.values[-1] / median(level) if level and median(level) else None


class Drift:
    """How much the machine moved: what became of the peers, whose code is always the same."""

    def __init__(self, runs: Sequence[Run]):
        self._by_benchmark: Dict[str, List[float]] = {}
        for key, figure in runs[-1].figures.items():
            if key.ours or figure.get("exact") or key.unit != "ns":
                continue
            moved = _moved(runs, key)
            if moved:
                self._by_benchmark.setdefault(key.benchmark, []).append(moved)
        everything = [moved for each in self._by_benchmark.values() for moved in each]
        self.of_the_run = median(everything) if everything else 1.0

    def of(self, benchmark: str) -> float:
        moved = self._by_benchmark.get(benchmark)
        return median(moved) if moved else self.of_the_run


def _steadiest_ratio(runs: Sequence[Run], key: Key) -> Optional[Tuple[str, Series, dict]]:
    """Of those of this figure, the one that tells the most; it has to have been measured before."""
    found = []
    for of, ratio in runs[-1].ratios.items():
        if (of.benchmark, of.unit, ratio["ours"]) != (key.benchmark, key.unit, key.name):
            continue
        if Key(of.benchmark, ratio["peer"], of.unit).ours:
            continue  # A variant of ours gets slower together with it.
        series = _ratio_series(runs, of)
        found.append((len(series.values) == 1, series.noise(), of.name, series, ratio))
    if not found or key.unit != "ns":
        return None
    _, _, name, series, ratio = min(found, key=lambda each: each[:3])
    return name, series, ratio


def _judge_exact(result: Judgement) -> None:
    series = result.series
    series.breaks = steps(series.values)
    if len(series.values) < 2:
        return
    result.old = series.values[-2]
    result.sees = LEAST_EXACT_EFFECT
    if result.old == result.new:
        result.change, result.verdict = 1.0, SAME
        return
    result.change = result.new / result.old if result.old else math.inf
    if abs(result.change - 1) <= LEAST_EXACT_EFFECT:
        result.verdict = CHANGED
    else:
        result.verdict = REGRESSION if result.is_worse() else IMPROVEMENT


def _compare(result: Judgement) -> None:
    """Everything but the verdict, which needs the q value, and so all figures."""
    series = result.series
    series.breaks = change_points(series.values, LEAST_EFFECT, _seed(result.key))
    before = list(series.before)
    if not before:
        return
    samples = [value for i in before for value in series.samples[i]]
    level = [series.values[i] for i in before]
    enough = len(level) >= BAND_RUNS
    centre = median(level if enough else samples)
    if not centre:
        result.verdict = CHANGED if result.new else SAME
        return
    new = series.samples[-1]
    result.change = series.values[-1] / centre
    result.interval = ratio_interval(level if enough else samples, new, _seed(result.key))
    result.own_interval = ratio_interval([centre], new, _seed(result.key), 400)
    result.p = mann_whitney(samples, new)
    half = (result.interval[1] - result.interval[0]) / 2 / result.change if result.change else 0
    lowest, highest = _band_of_change(series)
    result.sees = max(_least_effect(series), half + max(highest - 1, 1 - lowest))


def _least_effect(series: Series) -> float:
    """While few runs tell how much runs differ, the verdict takes twice as much."""
    return LEAST_EFFECT if len(series.before) >= BAND_RUNS else 2 * LEAST_EFFECT


def _band_of_change(series: Series) -> Tuple[float, float]:
    """The noise band, as a change."""
    band = series.band()
    centre = median([series.values[i] for i in series.before])
    return (band[0] / centre, band[1] / centre) if band and centre else (1.0, 1.0)


def _is_significant(result: Judgement) -> bool:
    """Not only the new median, all that it could have been has to lie outside of the noise."""
    low, high = result.interval
    lowest, highest = _band_of_change(result.series)
    least, most = result.own_interval
    return (
        result.q <= MOST_FALSE
        and abs(result.change - 1) >= _least_effect(result.series)
        and not low <= 1 <= high
        and (most < lowest or least > highest)
    )


def _decide(result: Judgement) -> None:
    if result.change is None or result.interval is None:
        return
    result.verdict = SAME
    if not _is_significant(result):
        return
    agrees = (result.second - 1) * (1 if result.change > 1 else -1) >= LEAST_EFFECT / 2
    if not agrees:
        result.verdict = UNCONFIRMED
    else:
        result.verdict = REGRESSION if result.is_worse() else IMPROVEMENT


def _begin(runs: Sequence[Run], key: Key, drift: Drift) -> Judgement:
    """A figure, with what it will be judged by."""
    figure = runs[-1].figures[key]
    new, better = median(figure["samples"]), figure.get("better", "lower")
    if figure.get("exact"):
        result = Judgement(key, better, True, "value", _figure_series(runs, key), new)
        _judge_exact(result)
        return result
    own = _moved(runs, key)
    chosen = _steadiest_ratio(runs, key)
    if chosen:
        name, series, ratio = chosen
        result = Judgement(key, better, False, name, series, new)
        result.peer = _moved(runs, Key(key.benchmark, ratio["peer"], key.unit))
        result.second = own / drift.of(key.benchmark) if own else 1.0
    else:
        result = Judgement(
            key,
            better,
            False,
            "time" if key.unit == "ns" else "value",
            _figure_series(runs, key),
            new,
        )
        by_time = key.unit == "ns" and own
        result.second = own / drift.of(key.benchmark) if by_time else own or 1.0
    result.own = own
    result.old = new / own if own else None
    _compare(result)
    return result


def judge(history: Sequence[Run], new: Run) -> List[Judgement]:
    """All figures of ours in the new run."""
    runs = [run for run in history if run.is_comparable(new)] + [new]
    drift = Drift(runs)
    results = [_begin(runs, key, drift) for key in new.figures if key.ours]
    tested = [result for result in results if result.p is not None]
    for result, q in zip(tested, benjamini_hochberg([result.p for result in tested])):
        result.q = q
        _decide(result)
    return results


def vanished(history: Sequence[Run], new: Run) -> List[Key]:
    """Figures of the last comparable run that this one does not have."""
    before = [run for run in history if run.is_comparable(new)]
    return [key for key in before[-1].figures if key not in new.figures] if before else []
