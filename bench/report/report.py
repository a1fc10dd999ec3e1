"""Everything that a report tells, before it is words or pictures."""

from dataclasses import dataclass, field
from typing import Dict, List, Optional

import compare
import promises
import wording
from compare import Judgement
from runs import Key, Run, differences

# In the order in which they are told.
STRIKING = (compare.REGRESSION, compare.IMPROVEMENT, compare.CHANGED, compare.UNCONFIRMED)
SHOWN_RUNS = 120
RECENT_RUNS = 14


@dataclass
class Report:
    run: Run
    history: List[Run]
    judgements: List[Judgement]
    targets: List[promises.Promise]
    claims: List[promises.Promise]
    vanished: List[Key] = field(default_factory=list)
    notes: List[str] = field(default_factory=list)
    revision_url: str = ""  # With {revision} in it
    source_url: str = ""  # With {revision} and {path} in it

    @property
    def shown(self) -> List[Run]:
        """Runs of the trend lines, oldest first: of any machine, as brief as this one."""
        brief = self.run.record["brief"]
        return [run for run in self.history if run.record["brief"] == brief][1 - SHOWN_RUNS :] + [
            self.run
        ]

    @property
    def comparable(self) -> List[Run]:
        return [run for run in self.history if run.is_comparable(self.run)]

    def counts(self) -> Dict[str, int]:
        verdicts = [judgement.verdict for judgement in self.judgements]
        order = (*STRIKING, compare.SAME, compare.NEW)
        return {verdict: verdicts.count(verdict) for verdict in order if verdict in verdicts}

    def striking(self) -> List[Judgement]:
        """What changed, worst first."""
        found = [each for each in self.judgements if each.verdict in STRIKING]
        return sorted(
            found, key=lambda each: (STRIKING.index(each.verdict), -abs((each.change or 1) - 1))
        )

    def regressed(self) -> bool:
        return any(each.verdict == compare.REGRESSION for each in self.judgements)

    def headline(self) -> str:
        counts = self.counts()
        if not self.comparable:
            return "A first run: there is nothing yet to compare it with"
        worse, better = counts.get(compare.REGRESSION, 0), counts.get(compare.IMPROVEMENT, 0)
        good = f"{wording.count(better, 'figure')} got better"
        if worse:
            bad = f"{wording.count(worse, 'figure')} got worse"
            return f"{bad}, {better} got better" if better else bad
        return f"{good}, none got worse" if better else "Nothing got worse"

    def broken_line(self) -> List[str]:
        """Why the last run is not compared with, if it is of another environment."""
        before = self.shown[:-1]
        if not before or before[-1].is_comparable(self.run):
            return []
        return differences(before[-1].record["environment"], self.run.record["environment"])

    def recent_levels(self) -> List[tuple]:
        """Change points of the last two weeks of runs: (judgement, index), newest first."""
        found = []
        for each in self.judgements:
            size = len(each.series.values)
            for place in each.series.breaks:
                if size - RECENT_RUNS <= place < size - 1:
                    found.append((each, place))
        return sorted(
            found, key=lambda pair: pair[0].series.runs[pair[1]].record["when"], reverse=True
        )

    def link(self, revision: str) -> Optional[str]:
        known = self.revision_url and revision != "unknown"
        return self.revision_url.replace("{revision}", revision) if known else None

    def source(self, benchmark: str) -> Optional[str]:
        if not self.source_url or benchmark == "sizes" or self.run.revision == "unknown":
            return None
        return self.source_url.replace("{revision}", self.run.revision).replace(
            "{path}", f"bench/{benchmark}.cc"
        )

    def parts(self, name: str) -> List[tuple]:
        """Of all benchmarks: (benchmark, entry)."""
        return [
            (each["benchmark"], entry)
            for each in self.run.record["benchmarks"]
            for entry in each.get(name, [])
        ]


def judged_by(judgement: Judgement) -> str:
    """In words."""
    if judgement.exact:
        return "its exact value"
    if judgement.judged_by in ("time", "value"):
        return "its " + judgement.judged_by
    return "ratio to " + judgement.judged_by.rpartition("/")[2]


def short(revision: str) -> str:
    return revision[:8]
