"""The trend lines: a card for each figure, and the numbers from which uPlot draws it."""

from typing import Dict, List, Optional

import compare
import wording
from compare import Judgement
from inference import median
from markup import anchor_of, badge, link, text
from report import STRIKING, Report, judged_by, short
from runs import Key, Run


def _rounded(values: List[Optional[float]]) -> List[Optional[float]]:
    return [None if value is None else float(f"{value:.6g}") for value in values]


def _place(runs: List[Run]) -> Dict[int, int]:
    """A run's place on the axis."""
    return {id(run): i for i, run in enumerate(runs)}


def _line(report: Report, values) -> Dict[str, list]:
    """What the runs of this machine had, and apart from it what those of others had."""
    shown = report.shown
    ours = [values(run) if run.is_comparable(report.run) else None for run in shown]
    others = [None if run.is_comparable(report.run) else values(run) for run in shown]
    line = {"values": _rounded(ours)}
    if any(value is not None for value in others):
        line["others"] = _rounded(others)
    return line


def _judged_values(each: Judgement):
    ratio = Key(each.key.benchmark, each.judged_by, each.key.unit)

    def of_ratio(run: Run) -> Optional[float]:
        return median(run.ratios[ratio]["samples"]) if ratio in run.ratios else None

    return of_ratio if is_ratio(each) else _own_values(each)


def _own_values(each: Judgement):
    return lambda run: run.value(each.key) if each.key in run.figures else None


def is_ratio(each: Judgement) -> bool:
    return not each.exact and each.judged_by not in ("time", "value")


def chart(report: Report, each: Judgement) -> dict:
    """What page.js draws: by what the figure is judged; for a ratio, its time as well."""
    place = _place(report.shown)
    judged = _line(report, _judged_values(each))
    judged["unit"] = "ratio" if is_ratio(each) else each.key.unit
    judged["label"] = judged_by(each) if is_ratio(each) else ""
    runs = each.series.runs
    judged["breaks"] = [place[id(runs[i])] for i in each.series.breaks if id(runs[i]) in place]
    band = each.series.band()
    if band and not each.exact:
        first = runs[each.series.before.start]
        judged["band"] = [*_rounded(list(band)), place.get(id(first), 0)]
    views = [judged]
    if is_ratio(each):
        views.append(
            {
                **_line(report, _own_values(each)),
                "unit": each.key.unit,
                "label": "time",
                "breaks": [],
            }
        )
    return {"id": anchor_of(each), "kind": "trend", "name": each.key.name, "views": views}


def distribution_charts(report: Report) -> List[dict]:
    """p50 to the maximum of ours over the runs."""
    charts = []
    for benchmark, entry in report.parts("distributions"):
        name = entry["name"]
        if not name.rpartition("/")[2].startswith("ours"):
            continue
        lines = {point: [] for point in ("p50", "p90", "p99", "max")}
        for run in report.shown:
            found = [
                each
                for results in run.record["benchmarks"]
                if results["benchmark"] == benchmark and run.is_comparable(report.run)
                for each in results.get("distributions", [])
                if each["name"] == name
            ]
            for point, values in lines.items():
                values.append(found[0][point] if found else None)
        anchor = "d-" + "".join(c if c.isalnum() else "-" for c in f"{benchmark}-{name}")
        charts.append(
            {
                "id": anchor,
                "kind": "distribution",
                "name": f"{name} ({benchmark})",
                "unit": entry["unit"],
                "lines": {point: _rounded(values) for point, values in lines.items()},
            }
        )
    return charts


# The colours of page.js.
_LEGEND = (
    '<ul class="legend">'
    + "".join(
        f'<li><i class="{tone}"></i>{point}</li>'
        for point, tone in (("p50", "s0"), ("p90", "s2"), ("p99", "s4"), ("max", "s5"))
    )
    + "</ul>"
)


def distribution_cards(charts: List[dict]) -> str:
    cards = "".join(
        f'<article class="card"><h4>{text(chart["name"])} <small>over the runs</small></h4>'
        f'<div class="chart" data-chart="{chart["id"]}" role="img" aria-label="p50, p90, p99 and '
        f'maximum of {text(chart["name"])} over the runs"></div>'
        f'{_LEGEND}<output class="reading"></output></article>'
        for chart in charts
    )
    return f'<div class="grid">{cards}</div>' if cards else ""


def _card(report: Report, each: Judgement) -> str:
    source = report.source(each.key.benchmark)
    show = wording.exact_amount if each.exact else wording.amount
    sees = f"Sees changes from {100 * each.sees:.2g} % on." if each.sees else ""
    latest = link(report.link(report.run.revision), text(short(report.run.revision)))
    return (
        f'<article class="card trend" id="{anchor_of(each)}">'
        f"<h4>{link(source, text(each.key.name))} <small>{text(each.key.unit)}</small>"
        f'{"" if each.verdict == compare.SAME else badge(each.verdict)}</h4>'
        f'<p class="now"><b>{show(each.new, each.key.unit)}</b> {wording.percent(each.change)}'
        f"<small>at {latest}</small></p>"
        f'<div class="chart" data-chart="{anchor_of(each)}" role="img" aria-label="Trend of '
        f'{text(each.key.name)} over {wording.count(len(each.series.values), "run")}: now '
        f'{show(each.new, each.key.unit)}, {each.verdict}"></div>'
        f'<output class="reading"></output>'
        f'<p class="fine">Judged by {text(judged_by(each))}. {sees}</p></article>'
    )


def cards(report: Report) -> str:
    """By benchmark; those with changes are open."""
    groups: Dict[str, List[Judgement]] = {}
    for each in report.judgements:
        groups.setdefault(each.key.benchmark, []).append(each)
    parts = []
    for place, (benchmark, members) in enumerate(groups.items()):
        changed = [each for each in members if each.verdict in STRIKING]
        said = f"{wording.count(len(members), 'figure')}" + (
            f", {len(changed)} changed" if changed else ""
        )
        parts.append(
            f'<details class="group"{" open" if changed or not place else ""}>'
            f"<summary><h3>{text(benchmark)}</h3><small>{said}</small></summary>"
            f'<div class="grid">{"".join(_card(report, each) for each in members)}</div></details>'
        )
    return "".join(parts)
