"""Mapping a file or reading it: the answer of the matrix, in sentences and as a table.

An advantage is how many times faster the fastest way of mapping is than the fastest way of reading
at each access, as medians; below 1 reading wins. To read the whole file at once is told apart.
"""

from typing import Dict, List, Optional, Sequence, Tuple

import wording
from promises import WHOLE_READ, advantage

STATES = ("warm", "populated", "fresh", "cold")
MEANING = {
    "warm": "in memory and touched before through this mapping",
    "populated": "in memory, mapped with MAP_POPULATE",
    "fresh": "in memory; opening, mapping, touching and closing",
    "cold": "the same, with the file not in memory",
}

Cells = Sequence[dict]


def _ordered(values: set, first: Sequence[str]) -> list:
    return sorted(values, key=lambda v: (first.index(v) if v in first else len(first), v))


def states(cells: Cells) -> List[str]:
    return _ordered({cell["state"] for cell in cells}, STATES)


def orders(cells: Cells) -> List[str]:
    return _ordered({cell["order"] for cell in cells}, ("random", "chained", "zipf", "sequential"))


def _range(values: Sequence[float]) -> str:
    low, high = min(values), max(values)
    if wording.digits(low, 2) == wording.digits(high, 2):
        return f"{wording.digits(low, 2)} times"
    return f"{wording.digits(low, 2)} to {wording.digits(high, 2)} times"


def _listed(words: Sequence[str]) -> str:
    """One, two and three."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if words[1:] else words[0]


def _of_state(cells: Cells, state: str) -> Optional[str]:
    """One sentence: which of the two wins in this state, and at which sizes."""
    by_size: Dict[int, List[float]] = {}
    for cell in cells:
        value = advantage(cell)
        if cell["state"] == state and value:
            by_size.setdefault(cell["size"], []).append(value)
    if not by_size:
        return None
    values = [value for each in by_size.values() for value in each]
    if min(values) > 1:
        return f"mapping is faster at every size, {_range(values)}"
    if max(values) < 1:
        return f"reading is faster at every size, {_range([1 / value for value in values])}"
    wins = [wording.size(size) for size in sorted(by_size) if min(by_size[size]) > 1]
    loses = [wording.size(size) for size in sorted(by_size) if max(by_size[size]) < 1]
    depends = [
        wording.size(size)
        for size in sorted(by_size)
        if min(by_size[size]) <= 1 <= max(by_size[size])
    ]
    said = []
    for sizes, words in (
        (wins, "mapping wins with accesses of"),
        (loses, "reading wins with"),
        (depends, "it depends on the span or the order with"),
    ):
        if sizes:
            said.append(f"{words} {_listed(sizes)}")
    return "; ".join(said)


def answer(cells: Cells, break_even: Sequence[dict]) -> List[Tuple[str, str]]:
    """What to say on top: (in which state, what happens)."""
    said = []
    for state in states(cells):
        sentence = _of_state(cells, state)
        if sentence:
            said.append((f"{state.capitalize()} ({MEANING.get(state, state)})", sentence))
    whole = against_whole_read(cells)
    if whole:
        said.append(("Against reading the whole file at once", whole))
    crossing = [
        f"{wording.size(each['span'])} from "
        f"{wording.count(each['accesses'], 'access', 'accesses')} on"
        for each in break_even
        if each.get("accesses")
    ]
    never = [wording.size(each["span"]) for each in break_even if not each.get("accesses")]
    if crossing:
        said.append(
            (
                "Where they cross",
                "to map a file pays off for a file of "
                + ", of ".join(crossing)
                + (f"; never for {', '.join(never)}" if never else ""),
            )
        )
    return said


def against_whole_read(cells: Cells) -> Optional[str]:
    """To copy the file into memory of one's own first, and to access that."""
    values = [advantage(cell, WHOLE_READ) for cell in cells]
    known = [value for value in values if value]
    if not known:
        return None
    wins = sum(value > 1 for value in known)
    return (
        f"mapping is faster in {wins} of {len(known)} cells, "
        f"{wording.digits(min(known), 2)} to {wording.digits(max(known), 2)} times as fast"
    )


def table(cells: Cells, order: str) -> List[Tuple[int, int, List[Optional[float]]]]:
    """Rows of the heat table: span, size, the advantage in each of states(cells)."""
    found: Dict[Tuple[int, int], Dict[str, Optional[float]]] = {}
    for cell in cells:
        if cell["order"] == order:
            found.setdefault((cell["span"], cell["size"]), {})[cell["state"]] = advantage(cell)
    return [
        (span, size, [row.get(state) for state in states(cells)])
        for (span, size), row in sorted(found.items())
    ]
