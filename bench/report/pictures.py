"""Pictures that need no canvas: bars beside one another, stages, distributions, a heat table.

They are text with widths, so that they can be read aloud, printed and searched.
"""

import math
from typing import Dict, List, Sequence, Tuple

import mapping
import wording
from inference import median
from markup import LogScale, scrolling, table, text
from report import Report


def _bar_row(name: str, ours: bool, value: float, unit: str, scale: LogScale, beside: str) -> str:
    kind = "ours" if ours else "peer"
    return (
        f'<div class="bar {kind}" role="listitem"><span class="who">{text(name)}</span>'
        f'<span class="track"><i style="width:{scale.place(value):.2f}%"></i></span>'
        f'<span class="value">{wording.amount(value, unit)}'
        f"<small>{text(beside)}</small></span></div>"
    )


def _subjects(report: Report) -> Dict[Tuple[str, str, str], List[tuple]]:
    """(benchmark, subject, unit): [(who, ours, median)] where there is one of ours and a peer."""
    found: Dict[Tuple[str, str, str], List[tuple]] = {}
    for key, figure in report.run.figures.items():
        if figure.get("better", "lower") == "lower":
            subject = (key.benchmark, key.subject, key.unit)
            row = (key.who, key.ours, median(figure["samples"]))
            found.setdefault(subject, []).append(row)
    return {subject: rows for subject, rows in found.items() if len({row[1] for row in rows}) == 2}


def _peers_card(subject: str, unit: str, rows: List[tuple]) -> str:
    """Ours first, then the peers from the fastest on."""
    scale = LogScale([row[2] for row in rows])
    rows = sorted(rows, key=lambda row: (not row[1], row[0] != "ours", row[2]))
    reference = rows[0][2]
    bars = ""
    for who, ours, value in rows:
        beside = f"{wording.digits(value / reference, 2)} ×" if reference else ""
        bars += _bar_row(who.replace("_", " "), ours, value, unit, scale, beside if bars else "")
    return (
        f'<article class="card"><h4>{text(subject)}</h4>'
        f'<div class="bars" role="list">{bars}{scale.axis(unit)}</div></article>'
    )


# More than this many cards of a benchmark are there when asked for.
_CARDS_AT_ONCE = 9


def peers(report: Report) -> str:
    groups: Dict[str, List[str]] = {}
    for (benchmark, subject, unit), rows in _subjects(report).items():
        groups.setdefault(benchmark, []).append(_peers_card(subject, unit, rows))
    return "".join(
        f'<details class="group"{" open" if len(cards) <= _CARDS_AT_ONCE else ""}>'
        f"<summary><h3>{text(benchmark)}</h3><small>"
        f'{wording.count(len(cards), "comparison")}</small></summary>'
        f'<div class="grid">{"".join(cards)}</div></details>'
        for benchmark, cards in groups.items()
    )


def stages(report: Report) -> str:
    """One bar a sequence of stages, as long as its time; a legend with every part's time."""
    found = report.parts("stages")
    if not found:
        return ""
    longest = max(sum(part["value"] for part in entry["parts"]) for _, entry in found) or 1
    rows = []
    for benchmark, entry in found:
        total = sum(part["value"] for part in entry["parts"])
        parts = "".join(
            f'<i class="s{i % 8}" style="width:{100 * part["value"] / longest:.2f}%" '
            f'title="{text(part["name"])}: {wording.amount(part["value"], entry["unit"])}"></i>'
            for i, part in enumerate(entry["parts"])
        )
        legend = "".join(
            f'<li><i class="s{i % 8}"></i>{text(part["name"])} '
            f'<b>{wording.amount(part["value"], entry["unit"])}</b> '
            f'<small>{100 * part["value"] / total if total else 0:.0f} %</small></li>'
            for i, part in enumerate(entry["parts"])
        )
        rows.append(
            f'<article class="card wide"><h4>{text(entry["name"])} '
            f'<small>{text(benchmark)}, {wording.amount(total, entry["unit"])} in all</small></h4>'
            f'<div class="stages" aria-hidden="true">{parts}</div>'
            f'<ul class="legend">{legend}</ul></article>'
        )
    return "".join(rows)


POINTS = ("p50", "p90", "p99", "max")


def _distribution_row(entry: dict, scale: LogScale) -> str:
    who = entry["name"].rpartition("/")[2]
    kind = "ours" if who.startswith("ours") else "peer"
    places = {point: scale.place(entry[point]) for point in POINTS}
    said = ", ".join(f"{point} {wording.amount(entry[point], entry['unit'])}" for point in POINTS)
    dots = "".join(
        f'<i class="{point}" style="left:{place:.2f}%"></i>' for point, place in places.items()
    )
    line = (
        f'<u style="left:{places["p50"]:.2f}%;width:{places["max"] - places["p50"]:.2f}%"></u>'
        f'<s style="left:{places["p50"]:.2f}%;width:{places["p99"] - places["p50"]:.2f}%"></s>'
    )
    return (
        f'<div class="range {kind}"><span class="who">{text(who.replace("_", " "))}</span>'
        f'<span class="track" role="img" aria-label="{text(who)}: {said}">{line}{dots}</span></div>'
    )


def _operations(entry: dict) -> str:
    """What is too short for a clock was measured in groups."""
    count = f"{entry['count']:,}".replace(",", "\u202f")
    group = entry.get("group", 1)
    return count if group == 1 else f"{count} groups of {group}"


def distributions(report: Report) -> str:
    """From p50 to the maximum, ours beside the peers, and the figures below."""
    by_subject: Dict[Tuple[str, str], List[dict]] = {}
    for benchmark, entry in report.parts("distributions"):
        by_subject.setdefault((benchmark, entry["name"].rpartition("/")[0]), []).append(entry)
    cards = []
    for (benchmark, subject), entries in by_subject.items():
        scale = LogScale([entry[point] for entry in entries for point in POINTS])
        rows = "".join(_distribution_row(entry, scale) for entry in entries)
        figures = table(
            ["of", *POINTS, "operations"],
            [
                [
                    text(entry["name"].rpartition("/")[2].replace("_", " ")),
                    *[wording.amount(entry[point], entry["unit"]) for point in POINTS],
                    _operations(entry),
                ]
                for entry in entries
            ],
            f"Distribution of {subject}",
            "plain",
            range(1, 6),
        )
        cards.append(
            f'<article class="card wide"><h4>{text(subject)} <small>{text(benchmark)}, single '
            f'operations</small></h4>{rows}{scale.axis(entries[0]["unit"], 5)}'
            f"{scrolling(figures, f'Distribution of {subject}')}</article>"
        )
    return "".join(cards)


def _heat(value: float) -> str:
    """A cell; the colour tells who wins, its strength by how much."""
    if value is None:
        return '<td class="none">–</td>'
    strength = 0.10 + 0.45 * min(abs(math.log10(value)) / 2.5, 1.0)
    wins = "mapped" if value >= 1 else "read"
    factor = value if value >= 1 else 1 / value
    return (
        f'<td class="heat {wins}" style="--heat:{strength:.2f}">{wording.digits(factor, 2)} ×'
        f'<small>{"mapping" if value >= 1 else "reading"}</small></td>'
    )


def _heat_table(cells: Sequence[dict], order: str) -> str:
    names = mapping.states(cells)
    head = "".join(f'<th scope="col">{text(name)}</th>' for name in names)
    rows = "".join(
        f'<tr><th scope="row">{wording.size(size)} <small>of {wording.size(span)}</small></th>'
        + "".join(_heat(value) for value in values)
        + "</tr>"
        for span, size, values in mapping.table(cells, order)
    )
    caption = f"Order of accesses: {order}"
    return scrolling(
        f'<table class="heats"><caption>{text(caption)}</caption><thead><tr>'
        f'<th scope="col">access</th>{head}</tr></thead><tbody>{rows}</tbody></table>',
        caption,
    )


def mapping_or_reading(report: Report) -> str:
    cells = [cell for _, cell in report.parts("matrix")]
    if not cells:
        return ""
    crossing = [each for _, each in report.parts("break_even")]
    said = "".join(
        f"<li><strong>{text(when)}:</strong> {text(what)}.</li>"
        for when, what in mapping.answer(cells, crossing)
    )
    tables = "".join(_heat_table(cells, order) for order in mapping.orders(cells))
    proofs = sorted({cell["cold"] for cell in cells if cell.get("cold")})
    proved = f'<p class="note">Cold, proved: {text("; ".join(proofs))}.</p>' if proofs else ""
    return f'<ul class="answer">{said}</ul><div class="heat-grid">{tables}</div>{proved}'
