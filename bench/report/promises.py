"""What was promised, and what the run says about it: the tables of targets and of claims.

targets.json and claims.json hold wording, what to measure and bounds; docs/benchmarks.md describes
them. Every verdict is computed here from the results, so that no table can go stale. A measure
that the results do not have is "not measured", never a guess; a measure that nobody could have is a
mistake in the file, and an error.
"""

import json
from dataclasses import dataclass
from typing import Callable, Dict, List, Optional, Sequence

import wording
from inference import median

REACHED, MISSED, NOT_MEASURED = "reached", "missed", "not measured"
TRUE, FALSE, DEPENDS = "true", "false", "depends"
CELL = ("span", "size", "state", "order")
# Reads a file at once into memory of its own: another thing than reading at each access.
WHOLE_READ = "whole_read"


class PromiseError(Exception):
    """A record of targets.json or claims.json makes no sense."""


@dataclass
class Outcome:
    """One bound, and the value that was to keep it."""

    when: str
    value: Optional[float]
    unit: str
    bound: str
    kept: Optional[bool]


@dataclass
class Promise:
    id: str
    area: str
    text: str
    note: str
    outcomes: List[Outcome]
    verdict: str


@dataclass
class Measured:
    value: float
    unit: str


class Results:
    """The results of a run, found by name."""

    def __init__(self, benchmarks: Sequence[dict]):
        self._benchmarks = benchmarks

    def _entries(self, measure: dict, part: str) -> List[dict]:
        return [
            entry
            for each in self._benchmarks
            if measure.get("benchmark", each["benchmark"]) == each["benchmark"]
            for entry in each.get(part, [])
        ]

    def _named(self, measure: dict, part: str, name: str) -> Optional[dict]:
        found = [
            entry
            for entry in self._entries(measure, part)
            if entry["name"] == name and measure.get("unit", entry.get("unit")) == entry.get("unit")
        ]
        if len(found) > 1:
            raise PromiseError(f"{name!r} is not unique: name its benchmark and unit")
        return found[0] if found else None

    def ratio(self, measure: dict) -> Optional[Measured]:
        found = self._named(measure, "ratios", measure["ratio"])
        return Measured(found["value"], "ratio") if found else None

    def ratios(self, measure: dict) -> Optional[Measured]:
        """One of many: those to one peer whose names begin alike."""
        values = [entry["value"] for entry in self._entries(measure, "ratios")
                  if entry["name"].startswith(measure["ratios"])
                  and entry["name"].endswith(f": ours/{measure['peer']}")
                  and measure.get("unit", entry.get("unit")) == entry.get("unit")]
        return _one_of(values, measure, "ratio")

    def figure(self, measure: dict) -> Optional[Measured]:
        found = self._named(measure, "figures", measure["figure"])
        return Measured(median(found["samples"]), found["unit"]) if found else None

    def distribution(self, measure: dict) -> Optional[Measured]:
        found = self._named(measure, "distributions", measure["distribution"])
        return Measured(found[measure["at"]], found["unit"]) if found else None

    def stage(self, measure: dict) -> Optional[Measured]:
        found = self._named(measure, "stages", measure["stage"])
        parts = (
            [
                part["value"]
                for part in found["parts"]
                if measure.get("part", part["name"]) == part["name"]
            ]
            if found
            else []
        )
        return Measured(sum(parts), found["unit"]) if parts else None

    def matrix(self, measure: dict) -> Optional[Measured]:
        wanted = measure["matrix"]
        if set(wanted) - set(CELL):
            raise PromiseError(f"a cell is told by {', '.join(CELL)}, not {sorted(wanted)}")
        values = [
            advantage(cell, measure.get("reading"), measure.get("mapping"))
            for cell in self._entries(measure, "matrix")
            if all(cell[name] == value for name, value in wanted.items())
        ]
        return _one_of([value for value in values if value is not None], measure, "times")

    def break_even(self, measure: dict) -> Optional[Measured]:
        wanted = measure["break_even"]
        values = [
            entry["accesses"]
            for entry in self._entries(measure, "break_even")
            if all(entry.get(name) == value for name, value in wanted.items())
            and entry.get("accesses") is not None
        ]
        return _one_of(values, measure, "accesses")

    def divide(self, measure: dict) -> Optional[Measured]:
        above, below = [self.measured(part) for part in measure["divide"]]
        if above is None or below is None or not below.value:
            return None
        return Measured(above.value / below.value, "ratio")

    def measured(self, measure: dict) -> Optional[Measured]:
        kinds: Dict[str, Callable[[dict], Optional[Measured]]] = {
            "ratio": self.ratio,
            "ratios": self.ratios,
            "figure": self.figure,
            "distribution": self.distribution,
            "stage": self.stage,
            "matrix": self.matrix,
            "break_even": self.break_even,
            "divide": self.divide,
        }
        asked = [kind for kind in kinds if kind in measure]
        if len(asked) != 1:
            raise PromiseError(f"a measure is one of {', '.join(kinds)}: {json.dumps(measure)}")
        return kinds[asked[0]](measure)


def fastest(cell: dict, mapping: bool, method: Optional[str] = None) -> Optional[dict]:
    """Of a cell of the matrix, the method that is named, or the fastest of its kind."""

    def is_asked(name: str) -> bool:
        return name == method if method else name != WHOLE_READ

    methods = [
        each
        for each in cell["methods"]
        if each["mapping"] == mapping and each.get("samples") and is_asked(each["method"])
    ]
    return min(methods, key=lambda each: median(each["samples"])) if methods else None


def advantage(
    cell: dict, reading: Optional[str] = None, mapping: Optional[str] = None
) -> Optional[float]:
    """How many times faster mapping is in this cell."""
    mapped, read = fastest(cell, True, mapping), fastest(cell, False, reading)
    if not mapped or not read:
        return None
    return median(read["samples"]) / median(mapped["samples"])


def _one_of(values: List[float], measure: dict, unit: str) -> Optional[Measured]:
    chosen = {"lowest": min, "highest": max, "median": median}.get(measure.get("of", "lowest"))
    if chosen is None:
        raise PromiseError(f"\"of\" is lowest, highest or median, not {measure['of']!r}")
    return Measured(chosen(values), unit) if values else None


def _outcome(record: dict, results: Results) -> Outcome:
    low, high = record.get("at_least"), record.get("at_most")
    if low is None and high is None:
        raise PromiseError("neither at_least nor at_most")
    measured = results.measured(record["measure"])
    unit = measured.unit if measured else record["measure"].get("unit", "")
    bound = " and ".join(
        f"{word} {wording.amount(limit, unit) if unit else f'{limit:g}'}"
        for word, limit in (("at least", low), ("at most", high))
        if limit is not None
    )
    if measured is None:
        return Outcome(record.get("when", ""), None, "", bound, None)
    kept = (low is None or measured.value >= low) and (high is None or measured.value <= high)
    return Outcome(record.get("when", ""), measured.value, measured.unit, bound, kept)


def _target(record: dict, results: Results) -> Promise:
    outcome = _outcome(record, results)
    verdict = {True: REACHED, False: MISSED, None: NOT_MEASURED}[outcome.kept]
    return Promise(
        record["id"], record["area"], record["target"], record.get("note", ""), [outcome], verdict
    )


def _claim(record: dict, results: Results) -> Promise:
    outcomes = [_outcome(case, results) for case in record["cases"]]
    kept = {outcome.kept for outcome in outcomes if outcome.kept is not None}
    verdict = (
        NOT_MEASURED if not kept else DEPENDS if len(kept) == 2 else TRUE if True in kept else FALSE
    )
    return Promise(record["id"], "", record["claim"], record.get("note", ""), outcomes, verdict)


def evaluate(path: str, benchmarks: Sequence[dict]) -> List[Promise]:
    """Of a file of targets or of claims."""
    with open(path, encoding="utf-8") as file:
        content = json.load(file)
    if content.get("schema") != 1:
        raise PromiseError(f"{path}: schema {content.get('schema')!r}, this program knows 1")
    results = Results(benchmarks)
    promises = []
    for make, records in (
        (_target, content.get("targets", [])),
        (_claim, content.get("claims", [])),
    ):
        for record in records:
            try:
                promises.append(make(record, results))
            except (KeyError, TypeError, PromiseError) as error:
                raise PromiseError(f"{path}: {record.get('id', record)}: {error}") from error
    if len({promise.id for promise in promises}) != len(promises):
        raise PromiseError(f"{path}: an id occurs twice")
    return promises
