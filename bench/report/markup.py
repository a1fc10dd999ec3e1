"""HTML without a template language: functions that escape, and a few small pictures."""

import html
import math
from typing import Iterable, List, Optional, Sequence

import wording
from compare import Judgement


def text(value: object) -> str:
    return html.escape(str(value), quote=True)


def link(url: Optional[str], inner: str) -> str:
    """Inner is markup already."""
    return f'<a href="{text(url)}">{inner}</a>' if url else inner


def badge(verdict: str) -> str:
    return f'<span class="badge {text(verdict.replace(" ", "-"))}">{text(verdict)}</span>'


def table(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    caption: str,
    kind: str = "cards",
    numbers: Sequence[int] = (),
) -> str:
    """Cells are markup. On a phone each row of kind "cards" is a card with the heads as labels."""

    def cell(i: int, inner: str) -> str:
        tag, scope = ("th", ' scope="row"') if i == 0 else ("td", "")
        number = ' class="number"' if i in numbers else ""
        return f'<{tag}{scope}{number} data-label="{text(heads[i])}"><span>{inner}</span></{tag}>'

    head = "".join(
        f'<th scope="col"{" class=number" if i in numbers else ""}>{text(name)}</th>'
        for i, name in enumerate(heads)
    )
    body = "".join(
        "<tr>" + "".join(cell(i, inner) for i, inner in enumerate(row)) + "</tr>" for row in rows
    )
    return (
        f'<table class="{kind}"><caption>{text(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def scrolling(inner: str, label: str) -> str:
    """A box of its own for what may be wider than the screen."""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{text(label)}">{inner}</div>'
    )


def section(anchor: str, title: str, inner: str, lead: str = "") -> str:
    said = f'<p class="lead">{lead}</p>' if lead else ""
    return (
        f'<section id="{anchor}" aria-labelledby="{anchor}-title">'
        f'<h2 id="{anchor}-title">{text(title)}</h2>{said}{inner}</section>'
    )


def anchor_of(judgement: Judgement) -> str:
    joined = "-".join(judgement.key)
    return "f-" + "".join(c if c.isalnum() else "-" for c in joined)


def sparkline(values: Sequence[float], label: str, breaks: Sequence[int] = ()) -> str:
    """The last values, as wide as a word."""
    skipped = max(len(values) - 40, 0)
    shown = values[skipped:]
    if len(shown) < 2:
        return ""
    low, high = min(shown), max(shown)
    height = (high - low) or 1

    def place(i: int) -> str:
        return f"{2 + 96 * i / (len(shown) - 1):.1f},{22 - 20 * (shown[i] - low) / height:.1f}"

    lines = " ".join(place(i) for i in range(len(shown)))
    marks = "".join(
        f'<line class="mark" x1="{place(i - skipped).split(",")[0]}" y1="0" '
        f'x2="{place(i - skipped).split(",")[0]}" y2="24"/>'
        for i in breaks
        if i > skipped
    )
    end_x, end_y = place(len(shown) - 1).split(",")
    return (
        f'<svg class="spark" viewBox="0 0 100 24" role="img" aria-label="{text(label)}">{marks}'
        f'<polyline points="{lines}"/><circle cx="{end_x}" cy="{end_y}" r="2"/></svg>'
    )


class LogScale:
    """Places on a logarithmic axis from 0 to 100."""

    def __init__(self, values: Iterable[float]):
        positive = [value for value in values if value > 0] or [1.0]
        self.low = math.floor(math.log10(min(positive)) - 0.15)
        self.high = max(math.log10(max(positive)) + 0.02, self.low + 1)

    def place(self, value: float) -> float:
        if value <= 0:
            return 0.0
        return 100 * (math.log10(value) - self.low) / (self.high - self.low)

    def ticks(self) -> List[float]:
        return [10.0**power for power in range(self.low, math.floor(self.high) + 1)]

    def axis(self, unit: str, names: int = 3) -> str:
        """Lines at powers of ten, of which there is room to name so many."""
        ticks = self.ticks()
        step = max(1, math.ceil(len(ticks) / names))
        lines = "".join(f'<i style="left:{self.place(tick):.2f}%"></i>' for tick in ticks)
        named = "".join(
            f'<b style="left:{self.place(tick):.2f}%">{wording.tick(tick, unit)}</b>'
            for tick in ticks[::step]
        )
        return f'<div class="axis" aria-hidden="true">{lines}{named}</div>'
