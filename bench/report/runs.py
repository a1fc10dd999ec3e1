"""A run as the comparison sees it: its figures and ratios by name.

The results of a benchmark call what they measured SUBJECT/WHO, where WHO is ours, something that
starts with "ours_", or a peer. A figure is known by its benchmark, name and unit: the same name
appears once as time and once as instructions. So is a ratio.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Dict, Iterable, List, NamedTuple

from inference import median

# What makes figures comparable. The load of the machine is told, but does not make it another.
COMPARED = (
    "processor",
    "processors",
    "arch",
    "kernel",
    "governor",
    "turbo",
    "huge_pages",
    "aslr",
    "file_system",
    "libc",
    "compiler",
    "flags",
    "build",
    "libraries",
)
DISTURBANCE = ("load_before", "load_after", "steal_percent")


class Key(NamedTuple):
    benchmark: str
    name: str
    unit: str

    @property
    def subject(self) -> str:
        return self.name.rpartition("/")[0] or self.name

    @property
    def who(self) -> str:
        return self.name.rpartition("/")[2]

    @property
    def ours(self) -> bool:
        return self.who == "ours" or self.who.startswith("ours_")


@dataclass
class Run:
    """A line of the history, indexed."""

    record: dict

    def __post_init__(self) -> None:
        self.figures: Dict[Key, dict] = {}
        self.ratios: Dict[Key, dict] = {}
        for results in self.record["benchmarks"]:
            benchmark = results["benchmark"]
            for figure in results.get("figures", []):
                if figure.get("samples"):
                    self.figures[Key(benchmark, figure["name"], figure["unit"])] = figure
            for ratio in results.get("ratios", []):
                if ratio.get("samples"):
                    self.ratios[Key(benchmark, ratio["name"], ratio.get("unit", "ns"))] = ratio
        self._add_ratios_of_variants()

    def _add_ratios_of_variants(self) -> None:
        """The results have ratios of what is called ours; a variant of it has the same peers."""
        told = {(of.benchmark, of.unit, ratio["ours"]) for of, ratio in self.ratios.items()}
        for key, figure in self.figures.items():
            if not key.ours or (key.benchmark, key.unit, key.name) in told:
                continue
            for peer, other in self.figures.items():
                same = (peer.benchmark, peer.subject, peer.unit) == (
                    key.benchmark,
                    key.subject,
                    key.unit,
                )
                if same and not peer.ours and all(other["samples"]):
                    name = f"{key.subject}: {key.who}/{peer.who}"
                    samples = [a / b for a, b in zip(figure["samples"], other["samples"])]
                    self.ratios[Key(key.benchmark, name, key.unit)] = {
                        "name": name,
                        "unit": key.unit,
                        "ours": key.name,
                        "peer": peer.name,
                        "samples": samples,
                        "value": median(samples),
                    }

    def value(self, key: Key) -> float:
        return median(self.figures[key]["samples"])

    def is_comparable(self, other: "Run") -> bool:
        return (self.record["machine"], self.record["brief"]) == (
            other.record["machine"],
            other.record["brief"],
        )

    @property
    def revision(self) -> str:
        return self.record["revision"]


def fingerprint(environment: dict) -> str:
    """The same for runs whose figures can be compared."""
    parts = {name: environment.get(name) for name in COMPARED}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def merged_environment(results: Iterable[dict]) -> dict:
    """One environment of all binaries, which differ in libraries, load and file system."""
    merged: dict = {"libraries": {}}
    for each in results:
        for name, value in each["environment"].items():
            before = merged.setdefault(name, value)
            if name == "libraries":
                merged[name] = dict(sorted({**before, **value}.items()))
            elif name in DISTURBANCE:
                merged[name] = max(before, value)
            elif value != before and str(value) not in str(before).split(" and "):
                merged[name] = f"{before} and {value}" if before and value else before or value
    return merged


def differences(old: dict, new: dict) -> List[str]:
    """Of two environments, in words."""
    found = []
    for name in COMPARED:
        if name != "libraries" and old.get(name) != new.get(name):
            found.append(f"{name}: {old.get(name)} → {new.get(name)}")
    before, after = old.get("libraries", {}), new.get("libraries", {})
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            found.append(f"{name}: {before.get(name, 'none')} → {after.get(name, 'none')}")
    return found
