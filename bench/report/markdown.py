"""The same in Markdown: report.md, for a pull request or the summary of a nightly job, and
performance.md, the reference of all ratios of one machine."""

from typing import Iterable, List, Sequence

import mapping
import promises
import wording
from inference import median
from report import Report, judged_by, short
from runs import Key


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def table(
    heads: Sequence[str], rows: Iterable[Sequence[object]], numbers: Sequence[int] = ()
) -> List[str]:
    rule = ["--:" if i in numbers else "---" for i in range(len(heads))]
    return ["| " + " | ".join(map(_cell, row)) + " |" for row in (heads, rule, *rows)] + [""]


def _change_rows(report: Report) -> List[List[str]]:
    rows = []
    for each in report.striking():
        show = wording.exact_amount if each.exact else wording.amount
        since = short(each.since.revision) if each.since else ""
        said = f"{wording.percent(each.change)}"
        if each.interval:
            said += f" ({wording.interval(each.interval)})"
        rows.append(
            [
                f"`{each.key.name}`",
                each.verdict,
                f"{show(each.old, each.key.unit)} → {show(each.new, each.key.unit)}",
                said,
                judged_by(each),
                f"{since}…{short(report.run.revision)}",
            ]
        )
    return rows


def _kernel(told: str) -> str:
    return told if told.startswith("Linux") else f"Linux {told}"


def _machine(report: Report) -> str:
    known = report.run.record["environment"]
    parts = [
        known.get("processor", "unknown processor"),
        wording.count(known.get("processors", 1), "processor"),
        _kernel(known.get("kernel", "?")),
        known.get("compiler", "?"),
        known.get("libc", "?"),
        f"build {known.get('build', '?')}",
    ]
    return ", ".join(parts)


def _revision(report: Report) -> str:
    changed = " + changes" if report.run.record["dirty"] else ""
    return f"`{short(report.run.revision)}`{changed}"


def summary(report: Report) -> str:
    """report.md."""
    record = report.run.record
    counts = ", ".join(f"{number} {name}" for name, number in report.counts().items())
    lines = [
        f"# {report.headline()}",
        "",
        f"{counts or 'No figures'}. {_revision(report)} "
        f"{record.get('describe', '')}; {'a quick run; ' if record['brief'] else ''}compared with "
        f"{wording.count(len(report.comparable), 'run')} of the same machine: {_machine(report)}.",
        "",
    ]
    lines += [f"> {note}\n" for note in report.notes]
    broken = report.broken_line()
    if broken:
        lines += ["> Another environment than in the run before: " + "; ".join(broken), ""]
    if report.striking():
        lines += table(
            ["figure", "verdict", "before → now", "change (95 %)", "judged by", "revisions"],
            _change_rows(report),
        )
    missed = [each for each in report.targets if each.verdict == promises.MISSED]
    if report.targets:
        reached = sum(each.verdict == promises.REACHED for each in report.targets)
        lines += [
            f"Targets: {reached} of {len(report.targets)} reached"
            + (", missed:" if missed else "."),
            "",
        ]
    lines += [
        f"* {each.text}: {wording.amount(each.outcomes[0].value, each.outcomes[0].unit)} "
        f"({each.outcomes[0].bound})"
        for each in missed
    ]
    return "\n".join(lines).rstrip() + "\n"


def _ratio_tables(report: Report) -> List[str]:
    lines = []
    for results in report.run.record["benchmarks"]:
        rows = []
        for ratio in results.get("ratios", []):
            ours, peer = [_amount(report, results, ratio, side) for side in ("ours", "peer")]
            rows.append(
                [
                    ratio["name"].partition(":")[0],
                    ours,
                    peer,
                    ratio["peer"].rpartition("/")[2].replace("_", " "),
                    wording.digits(ratio["value"]),
                ]
            )
        if rows:
            lines += [f"## {results['benchmark']}", ""]
            lines += table(["what", "ours", "peer", "which peer", "ours / peer"], rows, (1, 2, 4))
    return lines


def _amount(report: Report, results: dict, ratio: dict, side: str) -> str:
    """One side of a ratio."""
    key = Key(results["benchmark"], ratio[side], ratio.get("unit", "ns"))
    return wording.amount(report.run.value(key), key.unit) if key in report.run.figures else ""


def _alone(report: Report) -> List[str]:
    """Figures of ours that no ratio tells."""
    in_ratios = {
        (key.benchmark, ratio["ours"], key.unit) for key, ratio in report.run.ratios.items()
    }
    rows = [
        [
            key.benchmark,
            f"`{key.name}`",
            wording.exact_amount(median(figure["samples"]), key.unit)
            if figure.get("exact")
            else wording.amount(median(figure["samples"]), key.unit),
        ]
        for key, figure in report.run.figures.items()
        if key.ours and tuple(key) not in in_ratios
    ]
    return (
        ["## Without a peer", "", *table(["benchmark", "figure", "value"], rows, (2,))]
        if rows
        else []
    )


def _distributions(report: Report) -> List[str]:
    rows = [
        [
            benchmark,
            f"`{entry['name']}`",
            *[
                wording.amount(entry[point], entry["unit"])
                for point in ("p50", "p90", "p99", "max")
            ],
        ]
        for benchmark, entry in report.parts("distributions")
    ]
    return (
        [
            "## Single operations",
            "",
            *table(["benchmark", "what", "p50", "p90", "p99", "max"], rows, range(2, 6)),
        ]
        if rows
        else []
    )


def _mapping(report: Report) -> List[str]:
    cells = [cell for _, cell in report.parts("matrix")]
    if not cells:
        return []
    lines = ["## Mapping a file, or reading it", ""]
    lines += [
        f"* {when}: {what}."
        for when, what in mapping.answer(cells, [each for _, each in report.parts("break_even")])
    ]
    lines += [
        "",
        "How many times faster the fastest way of mapping is than the fastest way of reading at "
        "each access; "
        "below 1 reading wins.",
        "",
    ]
    states = mapping.states(cells)
    for order in mapping.orders(cells):
        rows = [
            [
                f"{wording.size(size)} of {wording.size(span)}",
                *["–" if value is None else wording.digits(value) for value in values],
            ]
            for span, size, values in mapping.table(cells, order)
        ]
        lines += table([order, *states], rows, range(1, len(states) + 1))
    return lines


def _promises(title: str, made: Sequence[promises.Promise]) -> List[str]:
    rows = []
    for each in made:
        reached = "; ".join(
            (f"{outcome.when}: " if outcome.when else "")
            + (
                wording.amount(outcome.value, outcome.unit)
                if outcome.value is not None
                else "not measured"
            )
            for outcome in each.outcomes
        )
        bounds = "; ".join(dict.fromkeys(outcome.bound for outcome in each.outcomes))
        rows.append([each.text, bounds, reached, each.verdict])
    return (
        [f"## {title}", "", *table(["what", "bound", "measured", "verdict"], rows)] if rows else []
    )


def performance(report: Report) -> str:
    """performance.md."""
    record = report.run.record
    libraries = ", ".join(
        f"{name} {version}" for name, version in record["environment"].get("libraries", {}).items()
    )
    lines = [
        "# Performance",
        "",
        "<!-- Written by ./bazelw run //bench:nightly (docs/benchmarks.md); not by hand. -->",
        "",
        f"Measured on {_machine(report)}, "
        f"file system {record['environment'].get('file_system', '?')}"
        f"{'; ' + libraries if libraries else ''}; "
        f"revision {_revision(report)}, {record['when'][:10]}. Medians; ours and its peers are "
        "measured in the same run. Ratios travel to other machines, times do not. A ratio below 1 "
        "says that ours takes less.",
        "",
    ]
    lines += _ratio_tables(report) + _alone(report) + _distributions(report) + _mapping(report)
    lines += _promises("Targets", report.targets)
    lines += _promises("Claims of the original report", report.claims)
    left = [
        f"* {entry['name']} ({benchmark}): {entry['why']}"
        for benchmark, entry in report.parts("left_out")
    ]
    return "\n".join(lines + (["## Not measured", "", *left] if left else [])).rstrip() + "\n"
