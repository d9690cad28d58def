"""Folds bars of one series one by one, where some are corrected, late, stale or duplicates."""

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from app.domain.advance import Before, Provenances, advance
from app.domain.indicators.rsi import unchanged
from app.domain.outcome import Outcome
from app.domain.provenance import Provenance
from app.domain.row import MAX_REVISION, NO_ACTION, VALUES, Bools, Rows, stacked
from app.domain.split import Gap
from app.domain.strategy import Strategy
from app.domain.updates import Updates

#: The fields of a signal beside the indicators; two missing values are equal.
_SAID = ("close", "bars_seen", "gap_minutes", "split_close")

#: What a row keeps when its indicators are computed again.
_KEPT = ("revision", "action", "previous_action", "emitted_at")


class WindowCopy:
    """One series' window, changed bar by bar, and the updates that this gives."""

    def __init__(self, place: int, rows: Rows, provenances: Provenances, strategy: Strategy, gap: Gap) -> None:
        #: Oldest first.
        self.rows = rows
        self._place = place
        self._provenances = list(provenances)
        self._strategy = strategy
        self._gap = gap
        #: For each row the index of its newest update below; -1 for a row that has none.
        self._update_of = [-1] * len(rows)
        self._updated: list[Rows] = []
        self._updated_provenances: list[Provenance] = []
        self._previous: list[int] = []
        self._emit: list[Bools] = []
        self._flat: list[Bools] = []

    @property
    def newest_minute(self) -> int:
        """Start of the newest bar, minutes since 1970, UTC; -1 without bars."""
        return int(self.rows["minute"][-1]) if len(self.rows) else -1

    def append(self, bars: Rows, provenances: Sequence[Provenance]) -> None:
        """Take in bars newer than all others, in order."""
        at, count = len(self.rows), len(bars)
        rows = bars.copy()
        flat = self._advance(at, rows, provenances)
        self._replace(at, rows, provenances, [-1] * count)
        self._update(at, np.ones(count, bool), np.ones(count, bool), flat)

    def amend(self, bar: Rows, provenance: Provenance) -> Outcome:
        """Take in a bar, one row, that is not newer than all others; each newer one is computed again."""
        at = int(np.searchsorted(self.rows["minute"], bar["minute"][0]))
        is_there = at < len(self.rows) and self.rows["minute"][at] == bar["minute"][0]
        if is_there and _same(self.rows[at : at + 1], bar, VALUES)[0]:
            return Outcome.DUPLICATE
        if not self._is_reachable(at, is_there):
            return Outcome.STALE
        old, old_updates = self.rows[at:], self._update_of[at:]
        old_flat = self._flat_from(at)
        if is_there and bar["close"][0] == old["close"][0] and self._strategy.own_rule is None:
            # Its indicators still come from the other bar, so its signal goes on to say where that came from.
            provenance = self._provenances[at]
        if not is_there:
            old, old_updates = stacked([np.zeros(1, old.dtype), old], old.dtype), [-1, *old_updates]
            old_flat = np.concatenate([[False], old_flat])
        rows = stacked([bar, old[1:]], old.dtype)
        provenances = [provenance, *self._provenances[at + is_there :]]
        flat = self._advance(at, rows, provenances)
        for field in _KEPT:
            rows[field] = old[field]
        changed, emit = _changes(old, rows, old_flat != flat, is_there, self._strategy)
        rows["revision"] += emit & (old["bars_seen"] > 0)
        self._replace(at, rows, provenances, old_updates)
        self._update(at, changed, emit, flat)
        return Outcome.CORRECTED if is_there else Outcome.INSERTED

    def updates(self) -> Updates:
        """What has changed, in the order in which it did."""
        count = len(self._previous)
        return Updates(
            np.full(count, self._place),
            stacked(self._updated, self._strategy.dtype),
            np.fromiter(self._updated_provenances, object, count),
            np.array(self._previous, np.int64),
            np.concatenate([np.empty(0, bool), *self._emit]),
            np.concatenate([np.empty(0, bool), *self._flat]),
        )

    def _is_reachable(self, at: int, is_there: bool) -> bool:
        """Whether the bar is late by so few others that everything from it on can be computed exactly.

        A bar that was revised as often as its row can count takes no more either:
        a later revision would have the same number as the one before.
        """
        newer = len(self.rows) - at - is_there
        return newer <= self._strategy.late_bars and bool((self.rows["revision"][at:] < MAX_REVISION).all())

    def _advance(self, at: int, rows: Rows, provenances: Sequence[Provenance]) -> Bools:
        """Fill in the indicators of rows that follow on the first `at`."""
        lookback = self._strategy.lookback
        closes = np.zeros((1, lookback))
        known = self.rows["close"][max(0, at - lookback) : at]
        closes[0, lookback - len(known) :] = known
        newest = self.rows[at - 1 : at] if at else np.zeros(1, self._strategy.dtype)
        counts = newest["number"].astype(np.int64) + (at > 0)
        before = Before(counts, newest, closes)
        return advance(before, rows, np.zeros(len(rows), np.int64), provenances, self._strategy, self._gap)

    def _flat_from(self, at: int) -> Bools:
        """Which of the rows from `at` on are flat, as `advance` found when it filled them in."""
        period = self._strategy.rsi_period
        closes = np.concatenate([np.full(period, np.nan), self.rows["close"]])
        windows = sliding_window_view(closes, period + 1)[at:]
        return unchanged(windows, self.rows["bars_seen"][at:].astype(np.int64), period)

    def _replace(self, at: int, rows: Rows, provenances: Sequence[Provenance], updates: list[int]) -> None:
        """Put rows in the place of all from `at` on."""
        self.rows = stacked([self.rows[:at], rows], rows.dtype)
        self._provenances[at:] = provenances
        self._update_of[at:] = updates

    def _update(self, at: int, changed: Bools, emit: Bools, flat: Bools) -> None:
        """Note the updates of the rows from `at` on that changed, and trim what the strategy does not keep."""
        update_of, previous = self._update_of, self._previous
        for index in np.flatnonzero(changed).tolist():
            here = at + index
            if not emit[index]:
                # Its signal stays the same.
                previous.append(previous[update_of[here]] if update_of[here] >= 0 else -1)
            else:
                self.rows["emitted_at"][here] = 0
                self.rows["previous_action"][here] = self.rows["action"][here - 1] if here else NO_ACTION
                previous.append(update_of[here - 1] if here else -1)
            update_of[here] = len(previous) - 1
            self._updated_provenances.append(self._provenances[here])
        self._updated.append(self.rows[at:][changed])
        self._emit.append(emit[changed])
        self._flat.append(flat[changed])
        surplus = max(0, len(self.rows) - self._strategy.window)
        self.rows = self.rows[surplus:]
        del self._provenances[:surplus], update_of[:surplus]


def _changes(old: Rows, new: Rows, flat_changed: Bools, is_there: bool, strategy: Strategy) -> tuple[Bools, Bools]:
    """Which rows changed, from the one of the bar that came on, and the signals of which say something new."""
    values = [name for each in strategy.indicators for name in each.values]
    states = [name for each in strategy.indicators for name in each.states]
    said = ~_same(old, new, [*_SAID, *values])
    said |= ~np.isnan(new["split_close"]) & (old["open"] != new["open"])
    was_ready, is_ready = (rows["bars_seen"] >= strategy.warm_up for rows in (old, new))
    said |= is_ready & flat_changed
    if not is_there or strategy.own_rule is not None:
        said[0] = True  # A rule of one's own may look at any value of the bar.
    # A bar that is emitted again may have another action, and the next signal names it as its previous one.
    # What was not ready, and is not, stays HOLD.
    acts = was_ready | is_ready
    acts[0] |= not is_there
    for index in range(1, len(new)):
        said[index] |= said[index - 1] & acts[index - 1]
    # The bar that came has new values; behind an inserted one all have new numbers. Averages change
    # without the indicators before there is an RSI, and while it is 0 or 100.
    changed = said | ~_same(old, new, states)
    changed[0] = True
    return (changed if is_there else np.ones(len(new), bool)), said


def _same(one: Rows, other: Rows, fields: Sequence[str]) -> Bools:
    """Where all of these fields are equal; NaN equals NaN."""
    same = np.ones(len(one), bool)
    for field in fields:
        left, right = one[field], other[field]
        same &= (left == right) | ((left != left) & (right != right))
    return same
