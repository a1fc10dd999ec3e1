"""Numbers as people read them."""

import math
from typing import Optional

_STEPS = {
    "ns": [(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1, "ns")],
    "bytes": [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "B")],
    "instructions": [(1e9, "G instr."), (1e6, "M instr."), (1e3, "k instr."), (1, "instr.")],
}


def digits(value: float, count: int = 3) -> str:
    """Three significant digits, without an exponent where people would write none."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "∞"
    places = count - 1 - math.floor(math.log10(abs(value)))
    if places < 0 or abs(value) >= 10**count:
        return f"{round(value):,}".replace(",", "\u202f")
    return f"{value:.{min(places, 9)}f}"


def amount(value: Optional[float], unit: str) -> str:
    """With the unit that suits."""
    if value is None:
        return "–"
    if unit == "ratio":
        return digits(value)
    if unit == "percent":
        return f"{value:.1f} %"
    if unit == "times":
        return f"{digits(value)} ×"
    for step, name in _STEPS.get(unit, []):
        if abs(value) >= step or step == 1:
            return f"{digits(value / step)} {name}"
    return f"{digits(value)} {unit}"


def tick(value: float, unit: str) -> str:
    """A round number on an axis."""
    for step, name in _STEPS.get(unit, []):
        if value >= step or step == 1:
            return f"{value / step:g} {name.replace(' instr.', '').replace('instr.', '')}".strip()
    return f"{value:g}"


def exact_amount(value: float, unit: str) -> str:
    """Every digit of a count: one instruction more is a change. Of what was divided, enough."""
    whole = f"{value:,.0f}" if value == int(value) else f"{value:,.6g}"
    return f"{whole} {unit}".replace(",", "\u202f").replace(" ratio", "")


def size(value: int) -> str:
    """Of an access or a file: powers of two stay whole."""
    for step, name in _STEPS["bytes"]:
        if value >= step:
            return f"{value / step:g} {name}"
    return f"{value} B"


def percent(ratio: Optional[float]) -> str:
    """A ratio as a change."""
    if ratio is None:
        return "–"
    change = (ratio - 1) * 100
    if change == 0:
        return "0 %"
    if abs(change) >= 1000:
        return f"× {digits(ratio)}"
    places = 1 if abs(change) >= 0.1 else 3
    return f"{change:+.{places}f} %".replace("-", "−")


def interval(pair: Optional[tuple]) -> str:
    return f"{percent(pair[0])} to {percent(pair[1])}" if pair else ""


def q_value(value: Optional[float]) -> str:
    if value is None:
        return ""
    return "< 0.0001" if value < 0.0001 else f"{value:.2g}"


def count(number: int, one: str, many: Optional[str] = None) -> str:
    """1 regression, 2 regressions."""
    return f"{number} {one if number == 1 else many or one + 's'}"
