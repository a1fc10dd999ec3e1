"""The parts of the page that are words and tables."""

from typing import List

import compare
import promises
import wording
from compare import Judgement
from markup import anchor_of, badge, link, scrolling, sparkline, table, text
from report import Report, judged_by, short
from runs import COMPARED, Run


def revision(report: Report, run: Run) -> str:
    mark = " + changes" if run.record["dirty"] else ""
    return link(report.link(run.revision), f"<code>{text(short(run.revision))}</code>") + mark


def verdict(report: Report) -> str:
    """One line, the counts below it."""
    record = report.run.record
    state = "bad" if report.regressed() else "good"
    chips = "".join(f"<li>{badge(name)} {number}</li>" for name, number in report.counts().items())
    brief = (
        '<p class="note">A quick run: fewer repetitions, compared with quick runs only.</p>'
        if record["brief"]
        else ""
    )
    broken = report.broken_line()
    line = (
        '<p class="note">Another environment than in the run before, so a new line begins: '
        f'{text("; ".join(broken))}.</p>'
        if broken
        else ""
    )
    notes = "".join(f'<p class="note">{text(note)}</p>' for note in report.notes)
    return (
        f'<header class="verdict {state}"><p class="kicker">Nightly benchmarks · '
        f'{text(record["when"][:16].replace("T", " "))} UTC</p><h1>{text(report.headline())}</h1>'
        f'<ul class="chips" aria-label="Counts of verdicts">{chips}</ul>'
        f'<p class="of">{revision(report, report.run)} {text(record.get("describe", ""))}<br>'
        f'{text(record["environment"].get("processor", "unknown processor"))}, compared with '
        f'{wording.count(len(report.comparable), "run")} of the same machine</p>'
        f"{brief}{line}{notes}</header>"
    )


def _values(each: Judgement) -> str:
    show = wording.exact_amount if each.exact else wording.amount
    return f"{show(each.old, each.key.unit)} → <b>{show(each.new, each.key.unit)}</b>"


def _change(each: Judgement) -> str:
    said = f"<b>{wording.percent(each.change)}</b>"
    if each.interval:
        said += f"<small>95 %: {wording.interval(each.interval)}</small>"
    if each.peer:
        said += (
            f"<small>ours {wording.percent(each.own)}, peer {wording.percent(each.peer)}</small>"
        )
    return said


def _change_row(report: Report, each: Judgement) -> List[str]:
    name = (
        f'<a href="#{anchor_of(each)}">{text(each.key.name)}</a>'
        f"<small>{text(each.key.benchmark)}</small>"
    )
    picture = sparkline(each.series.values, f"The last runs of {each.key.name}", each.series.breaks)
    span = f"{revision(report, each.since)} … {revision(report, report.run)}" if each.since else ""
    return [
        name,
        badge(each.verdict),
        _values(each),
        _change(each),
        text(judged_by(each)),
        wording.q_value(each.q),
        picture,
        span,
    ]


def changes(report: Report) -> str:
    striking = report.striking()
    said = (
        "<p>No figure moved by more than its noise.</p>"
        if report.comparable
        else "<p>The next run on this machine will be compared with this one.</p>"
    )
    if striking:
        said = table(
            ["figure", "verdict", "value", "change", "judged by", "q", "trend", "revisions"],
            [_change_row(report, each) for each in striking],
            "Figures that changed",
        )
        if any(each.verdict == compare.UNCONFIRMED for each in striking):
            said += (
                '<p class="note">Unconfirmed: the ratio to the peer moved, but our time, corrected '
                "by what all peers did, does not agree. Most likely that peer moved.</p>"
            )
    levels = "".join(
        f'<li><a href="#{anchor_of(each)}">{text(each.key.name)}</a> since '
        f"{revision(report, each.series.runs[place])} "
        f"{text(each.series.runs[place].record['when'][:10])}: "
        f"{wording.percent(each.series.values[place] / each.series.values[place - 1])} "
        f"({text(judged_by(each))})</li>"
        for each, place in report.recent_levels()
        if each.series.values[place - 1]
    )
    if levels:
        said += f"<h3>Levels that changed in the last runs</h3><ul>{levels}</ul>"
    return said


def sizes(report: Report) -> str:
    rows = []
    for each in report.judgements:
        if each.key.benchmark == "sizes":
            picture = sparkline(
                each.series.values, f"Sizes of {each.key.subject}", each.series.breaks
            )
            rows.append(
                [
                    text(each.key.subject),
                    wording.amount(each.new, "bytes"),
                    wording.exact_amount(each.new, "bytes"),
                    wording.percent(each.change),
                    picture,
                ]
            )
    return (
        table(
            ["file", "size", "exactly", "since the last run", "trend"],
            rows,
            "Sizes of what ships",
            numbers=(1, 2, 3),
        )
        if rows
        else "<p>None was given.</p>"
    )


def _reached(outcome: promises.Outcome) -> str:
    return (
        wording.amount(outcome.value, outcome.unit) if outcome.value is not None else "not measured"
    )


def targets(report: Report) -> str:
    if not report.targets:
        return "<p>None is written down.</p>"
    rows = []
    for each in report.targets:
        [outcome] = each.outcomes
        note = f"<small>{text(each.note)}</small>" if each.note else ""
        rows.append(
            [
                text(each.text) + note,
                text(each.area),
                text(outcome.bound),
                _reached(outcome),
                badge(each.verdict),
            ]
        )
    return table(["target", "area", "bound", "reached", "verdict"], rows, "Targets", numbers=(3,))


def claims(report: Report) -> str:
    if not report.claims:
        return "<p>None is written down.</p>"
    rows = []
    for each in report.claims:
        cases = "".join(
            f"<li>{badge({True: 'true', False: 'false', None: 'not measured'}[outcome.kept])} "
            f"{text(outcome.when)}: {_reached(outcome)} <small>({text(outcome.bound)})</small></li>"
            for outcome in each.outcomes
        )
        note = f"<small>{text(each.note)}</small>" if each.note else ""
        rows.append(
            [text(each.text) + note, badge(each.verdict), f'<ul class="cases">{cases}</ul>']
        )
    return table(["claim", "verdict", "when"], rows, "Claims of the original report")


def left_out(report: Report) -> str:
    rows = [
        f"<li><b>{text(entry['name'])}</b> <small>{text(benchmark)}</small>: "
        f"{text(entry['why'])}</li>"
        for benchmark, entry in report.parts("left_out")
    ]
    rows += [
        f"<li><b>{text(key.name)}</b> <small>{text(key.benchmark)}, {text(key.unit)}</small>: "
        "the run before had it, this one does not</li>"
        for key in report.vanished
    ]
    rows += [
        f"<li><b>{text(each.text)}</b>: no such figure in the results</li>"
        for each in [*report.targets, *report.claims]
        if each.verdict == promises.NOT_MEASURED
    ]
    return f"<ul>{''.join(rows)}</ul>" if rows else "<p>Nothing was left out.</p>"


def environment(report: Report) -> str:
    known = report.run.record["environment"]
    names = [name for name in COMPARED if name != "libraries" and name in known]
    names += [name for name in known if name not in names and name != "libraries"]
    rows = [[text(name.replace("_", " ")), text(known[name])] for name in names]
    rows += [
        [f"{text(name)} (library)", text(version)]
        for name, version in known.get("libraries", {}).items()
    ]
    rows.append(["fingerprint", f"<code>{text(report.run.record['machine'])}</code>"])
    return table(["part", "value"], rows, "Environment of this run", "pairs")


def runs(report: Report) -> str:
    rows = [
        [
            text(run.record["when"][:16].replace("T", " ")),
            revision(report, run),
            text(run.record.get("describe", "")),
            f"<code>{text(run.record['machine'][:6])}</code>",
        ]
        for run in reversed(report.shown)
    ]
    inner = table(
        ["when", "revision", "subject", "machine"], rows, "Runs of the trend lines", "plain"
    )
    return (
        f"<details><summary>{wording.count(len(rows), 'run')} in the trend lines</summary>"
        f"{scrolling(inner, 'Runs')}</details>"
    )
