"""Where did a series of nights change its level?

E-divisive: the split is best whose two sides have the largest energy distance, the mean distance
between values of different sides beyond that of values of the same side. It is a change point if
random orders of the same values rarely have a split as good (a permutation test, seeded), and
each side is then looked at alone. Nothing is assumed about the distribution; one odd night is no
change point, since a side has at least SHORTEST values.

The permutations end as soon as it is clear that the split is not significant, which for a calm
series is after a few: that is what makes a hundred series affordable.
"""

import random
from typing import List, Sequence, Tuple

from inference import median

SHORTEST = 4
PERMUTATIONS = 399
ALPHA = 0.005


def _best_split(values: Sequence[float]) -> Tuple[float, int]:
    """The energy of the best split and its place: the first index of the right side."""
    size = len(values)
    total = sum(abs(a - b) for i, a in enumerate(values) for b in values[:i])
    left, right = 0.0, total  # Sums over the pairs of a side; one value moves over at a time.
    best = (-1.0, 0)
    for split in range(1, size):
        moved = values[split - 1]
        left += sum([abs(moved - value) for value in values[: split - 1]])
        right -= sum([abs(moved - value) for value in values[split:]])
        if split < SHORTEST or size - split < SHORTEST:
            continue
        n, m = split, size - split
        between = (total - left - right) / (n * m)
        energy = 2 * between - 2 * left / n**2 - 2 * right / m**2
        best = max(best, (energy * n * m / size, split))
    return best


def _is_significant(values: Sequence[float], energy: float, rng: random.Random) -> bool:
    allowed = ALPHA * (PERMUTATIONS + 1) - 1
    as_good = 0
    for _ in range(PERMUTATIONS):
        as_good += _best_split(rng.sample(values, len(values)))[0] >= energy
        if as_good > allowed:
            return False
    return True


def _search(values: Sequence[float], start: int, rng: random.Random) -> List[int]:
    if len(values) < 2 * SHORTEST:
        return []
    energy, split = _best_split(values)
    if energy <= 0 or not _is_significant(values, energy, rng):
        return []
    return (
        _search(values[:split], start, rng)
        + [start + split]
        + _search(values[split:], start + split, rng)
    )


def change_points(values: Sequence[float], least_effect: float = 0.0, seed: int = 1) -> List[int]:
    """The indices at which a new level begins; levels closer than least_effect are one."""
    points = _search(list(values), 0, random.Random(seed))
    while points:
        edges = [0, *points, len(values)]
        levels = [median(values[a:b]) for a, b in zip(edges, edges[1:])]
        steps = [abs(b - a) / abs(a) if a else float(b != a) for a, b in zip(levels, levels[1:])]
        smallest = min(range(len(points)), key=lambda i: steps[i])
        if steps[smallest] >= least_effect:
            break
        del points[smallest]
    return points


def steps(values: Sequence[float]) -> List[int]:
    """Of an exact series: every index at which the value is another."""
    return [i for i in range(1, len(values)) if values[i] != values[i - 1]]
