"""Is the new run different, and by how much?

Timings are skewed, have outliers and no known distribution, so everything here works on ranks,
medians and resampling. Three questions, three functions:

* mann_whitney: could both samples come from the same distribution? Exact where the samples are
  small enough to count all arrangements (ties included), else the normal approximation with
  correction for ties and continuity.
* benjamini_hochberg: a hundred figures are compared each night, and one in a hundred is
  "significant at 1 %" by chance. The q value of a figure is the share of false alarms among all
  that are at least as striking.
* ratio_interval: between which factors does the ratio of the medians lie? By bootstrap, seeded:
  the same data give the same interval.
"""

import math
import random
from typing import List, Sequence, Tuple

# Up to this many samples in both together, all arrangements are counted.
EXACT_UP_TO = 40


def median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def quantile(ordered: Sequence[float], share: float) -> float:
    """Of values in order, interpolated between neighbours."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def spread(values: Sequence[float]) -> float:
    """The standard deviation that the median distance from the median stands for."""
    centre = median(values)
    return 1.4826 * median([abs(value - centre) for value in values])


def _doubled_ranks(values: Sequence[float]) -> List[int]:
    """Ranks from 1, equal values sharing their mean; doubled, so that all are integers."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    ranks = [0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        for i in order[start:end]:
            ranks[i] = start + 1 + end
        start = end
    return ranks


def _exact(ranks: Sequence[int], count: int) -> float:
    """The share of all choices of `count` ranks whose sum is at least as far from the middle.

    chosen[c] holds, in fields of 64 bits, how many choices of c ranks have each sum: adding a
    rank to all of them is one shift of a long integer.
    """
    chosen = [1] + [0] * count
    for seen, rank in enumerate(ranks):
        for c in range(min(seen + 1, count), 0, -1):
            chosen[c] += chosen[c - 1] << (64 * rank)
    ways = chosen[count].to_bytes(8 * (sum(ranks) + 1), "little")
    total = sum(ranks) * count  # The middle, times the number of ranks.
    distance = abs(sum(ranks[:count]) * len(ranks) - total)
    extreme = 0
    for place in range(0, len(ways), 8):
        number = int.from_bytes(ways[place : place + 8], "little")
        if number and abs(place // 8 * len(ranks) - total) >= distance:
            extreme += number
    return extreme / math.comb(len(ranks), count)


def _approximate(ranks: Sequence[int], count: int) -> float:
    size, other = len(ranks), len(ranks) - count
    ties = sum(n**3 - n for n in (ranks.count(rank) for rank in set(ranks)))
    variance = count * other / 12 * ((size + 1) - ties / (size * (size - 1)))
    if variance <= 0:
        return 1.0
    u = sum(ranks[:count]) / 2 - count * (count + 1) / 2
    z = (abs(u - count * other / 2) - 0.5) / math.sqrt(variance)
    return math.erfc(max(z, 0.0) / math.sqrt(2))


def mann_whitney(first: Sequence[float], second: Sequence[float]) -> float:
    """The two-sided p value of the rank test; 1 where there is nothing to compare."""
    if not first or not second:
        return 1.0
    if len(first) > len(second):
        first, second = second, first
    ranks = _doubled_ranks([*first, *second])
    test = _exact if len(ranks) <= EXACT_UP_TO else _approximate
    return min(1.0, test(ranks, len(first)))


def benjamini_hochberg(p_values: Sequence[float]) -> List[float]:
    """The q value of each p value."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i], reverse=True)
    q_values = [1.0] * len(p_values)
    lowest = 1.0
    for place, i in enumerate(order):
        lowest = min(lowest, p_values[i] * len(p_values) / (len(p_values) - place))
        q_values[i] = lowest
    return q_values


def ratio_interval(
    old: Sequence[float],
    new: Sequence[float],
    seed: int = 1,
    rounds: int = 1000,
    level: float = 0.95,
) -> Tuple[float, float]:
    """Of median(new) / median(old)."""
    rng = random.Random(seed)
    ratios = []
    for _ in range(rounds):
        below = median(rng.choices(old, k=len(old)))
        above = median(rng.choices(new, k=len(new)))
        ratios.append(above / below if below else math.inf)
    ratios.sort()
    return quantile(ratios, (1 - level) / 2), quantile(ratios, (1 + level) / 2)
