"""A window made of the newest rows of its table."""

from array import array
from collections.abc import Sequence

from app.domain import bar_rows, decisions
from app.domain.decisions import Decision
from app.domain.provenance import Provenance
from app.domain.records import MINUTE_MS
from app.domain.row import Row
from app.domain.strategy import Strategy
from app.domain.window import Window


def restore_window(rows: Sequence[Row], strategy: Strategy) -> Window:
    """The window as the fold left it, of its newest rows, oldest first; `Strategy.window` of them or all there are."""
    window = Window()
    if not rows:
        return window
    kept = rows[-strategy.window :]
    provenances: list[Provenance] = []
    indexes: dict[Provenance, int] = {}
    packed = bytearray()
    for row in kept:
        provenance = indexes.setdefault(row.provenance, len(indexes))
        if provenance == len(provenances):
            provenances.append(row.provenance)
        # Open to trade count stand in the same order in both.
        packed += bar_rows.pack_values(row.timestamp // MINUTE_MS, *row[2:9], row.revision, provenance)
    newest = kept[-strategy.late_bars - 2 :]
    window.bars_seen = rows[-1].number + 1
    window.rows = packed
    window.closes = array("d", [row.close for row in kept])
    before = [0.0] if newest[0].number == 0 else []
    window.gains = array("d", before + [row.gain for row in newest])
    window.losses = array("d", before + [row.loss for row in newest])
    window.provenances = provenances
    starts = {row.number + 1 - row.bars_seen for row in kept}
    window.split_starts = sorted(start for start in starts if start > 0)
    for row in newest:
        decision = Decision(row.action, row.previous_action, row.emitted_at)
        decisions.put(window.decisions, row.timestamp // MINUTE_MS, decision)
    window.trim(strategy)
    return window
