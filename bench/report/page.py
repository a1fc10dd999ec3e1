"""index.html: one file that fetches nothing.

Tables and bars are markup, written here; trend lines are drawn in the browser by uPlot, which is
inlined with its licence. The numbers behind the lines and all raw results are in the page as
JSON. A policy in its head forbids the browser to fetch anything.
"""

import json
import os
from dataclasses import dataclass

import pictures
import sections
import trends
from markup import section, text
from report import Report

_HERE = os.path.dirname(os.path.abspath(__file__))

_SECTIONS = (
    ("changes", "Changes"),
    ("trends", "Trends"),
    ("peers", "Peers"),
    ("latency", "Latency"),
    ("mapping", "mmap or read"),
    ("sizes", "Sizes"),
    ("targets", "Targets"),
    ("claims", "Claims"),
    ("left-out", "Not measured"),
    ("environment", "Environment"),
    ("raw", "Raw data"),
)


@dataclass
class Library:
    """uPlot: its script, its style sheet and its licence."""

    script: str
    style: str
    license: str

    @staticmethod
    def load(folder: str) -> "Library":
        contents = []
        for name in ("uPlot.iife.min.js", "uPlot.min.css", "LICENSE"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                contents.append(file.read())
        return Library(*contents)


def _own(name: str) -> str:
    with open(os.path.join(_HERE, name), encoding="utf-8") as file:
        return file.read()


def _json(anchor: str, data: object) -> str:
    """Data that cannot end the script element it stands in."""
    written = json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="{anchor}">{written}</script>'


def _data(report: Report, distribution_charts: list) -> dict:
    runs = [
        {
            "when": run.record["when"],
            "revision": run.revision,
            "url": report.link(run.revision),
            "describe": run.record.get("describe", ""),
            "dirty": run.record["dirty"],
            "here": run.is_comparable(report.run),
        }
        for run in report.shown
    ]
    charts = [trends.chart(report, each) for each in report.judgements] + distribution_charts
    return {"runs": runs, "charts": charts}


def _latency(report: Report, distribution_charts: list) -> str:
    parts = pictures.stages(report) + pictures.distributions(report)
    return (parts or "<p>No distribution was measured.</p>") + trends.distribution_cards(
        distribution_charts
    )


_VIEWS = (
    '<fieldset class="views"><legend>Show</legend>'
    '<label><input type="radio" name="view" value="0" checked> what it is judged by</label>'
    '<label><input type="radio" name="view" value="1"> time</label></fieldset>'
)


def _body(report: Report, distribution_charts: list) -> str:
    mapping = pictures.mapping_or_reading(report) or "<p>Not measured in this run.</p>"
    raw = (
        "<p>The results of this run, as a line of the history (schema "
        f'{report.run.record["schema"]}), are in this page: '
        '<button type="button" id="save">Save as JSON</button></p>'
    )
    return "".join(
        (
            section("changes", "Changes", sections.changes(report)),
            section(
                "trends",
                "Trends",
                _VIEWS + trends.cards(report) + sections.runs(report),
                "The median of each run. Shaded: where the next run is expected, from the runs "
                "since the last change of level, which a dashed line marks. Grey: other machines "
                "or environments. A click on a point leads to its revision.",
            ),
            section(
                "peers",
                "Beside their peers",
                pictures.peers(report) or "<p>No peer was measured.</p>",
                "Medians of the same run. The axis is logarithmic; shorter is faster.",
            ),
            section(
                "latency",
                "Latency",
                _latency(report, distribution_charts),
                "Where the time of a compilation goes, and what single operations took: half of "
                "them less than p50, one of a hundred more than p99.",
            ),
            section(
                "mapping",
                "Mapping a file, or reading it",
                mapping,
                "How many times faster the fastest way of the winner is, reading at each access. "
                "Blue: mapping wins; orange: reading wins. Fresh and cold accesses are charged with opening and closing.",
            ),
            section("sizes", "Sizes", sections.sizes(report)),
            section(
                "targets",
                "Targets",
                sections.targets(report),
                "Each verdict is computed from this run.",
            ),
            section("claims", "Claims of the original report", sections.claims(report)),
            section("left-out", "What was not measured, and why", sections.left_out(report)),
            section("environment", "Environment", sections.environment(report)),
            section("raw", "Raw data", raw),
        )
    )


def render(report: Report, library: Library) -> str:
    distribution_charts = trends.distribution_charts(report)
    links = "".join(f'<a href="#{anchor}">{text(name)}</a>' for anchor, name in _SECTIONS)
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
    )
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            '<link rel="icon" href="data:,">',
            f"<title>{text(report.headline())} · SMF benchmarks</title>",
            f"<style>{library.style}</style>",
            f"<style>{_own('page.css')}</style>",
            "</head>",
            "<body>",
            '<a class="skip" href="#changes">Skip to the changes</a>',
            f"<main>{sections.verdict(report)}",
            f'<nav aria-label="Sections">{links}</nav>',
            f"{_body(report, distribution_charts)}</main>",
            "<footer><details><summary>Charts are drawn by uPlot 1.6.32</summary>"
            f"<pre>{text(library.license)}</pre></details></footer>",
            _json("data", _data(report, distribution_charts)),
            _json("results", report.run.record),
            f"<script>{library.script}</script>",
            f"<script>{_own('page.js')}</script>",
            "</body>",
            "</html>",
            "",
        )
    )
