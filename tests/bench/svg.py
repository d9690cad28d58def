"""A bar chart as SVG: a few lines of text, instead of a plotting library with fifteen packages."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

WIDTH, ROW, LABEL, VALUE = 860, 26, 320, 110

#: Readable on white and on black.
OURS, OTHER, RANGE = "#1a7f5a", "#8a94a3", "#444c56"
STYLE = "font: 13px system-ui, sans-serif; fill: #57606a"


class ChartBar(NamedTuple):
    """One row: what it is of, the median, and the range of the runs."""

    label: str
    value: float
    low: float
    high: float
    ours: bool
    said: str


def bar_chart(title: str, bars: Sequence[ChartBar]) -> str:
    """The rows from top to bottom, with a line from the lowest to the highest run."""
    height = ROW * (len(bars) + 1) + 12
    scale = (WIDTH - LABEL - VALUE) / max([bar.high for bar in bars], default=1.0)
    named = escape(title)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{named}">',
        f"<title>{named}</title>",
        f"<style>text {{ {STYLE} }}</style>",
        f'<text x="0" y="17" font-weight="bold">{named}</text>',
    ]
    for number, bar in enumerate(bars, start=1):
        lines += _row(bar, ROW * number + 4, scale)
    return "\n".join([*lines, "</svg>", ""])


def _row(bar: ChartBar, top: int, scale: float) -> list[str]:
    length, low, high = (value * scale for value in (bar.value, bar.low, bar.high))
    middle, text = top + ROW / 2 - 2, top + ROW // 2 + 3
    colour = OURS if bar.ours else OTHER
    return [
        f'<text x="{LABEL - 8}" y="{text}" text-anchor="end">{escape(bar.label)}</text>',
        f'<rect x="{LABEL}" y="{top}" width="{length:.1f}" height="{ROW - 6}" fill="{colour}"/>',
        f'<path d="M{LABEL + low:.1f} {middle}H{LABEL + high:.1f}" stroke="{RANGE}" stroke-width="2"/>',
        f'<text x="{LABEL + max(length, high) + 6:.1f}" y="{text}">{escape(bar.said)}</text>',
    ]
