"""Bars as columns: a quick check that they make sense, and their rows for the fold."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.domain.key import SEPARATOR
from app.domain.provenance import provenance_of
from app.domain.records import MINUTE_MS, Origin
from app.domain.row import NO_COUNT, ROW, Bools, Ints, Objects, Rows
from app.domain.validation import (
    EARLIEST_MS,
    HIGHEST_PRICE,
    LATEST_MS,
    LONGEST_LABEL,
    LONGEST_RUN_ID,
    LONGEST_SYMBOL,
    LOWEST_PRICE,
    MOST_TRADES,
    RUN_ID_CHARACTERS,
)

_SERIES = ("run_id", "symbol")
_PROVENANCE = ("origin", "source", "feed", "adjustment")
#: What the quick check allows for each text: its bytes at most, and its characters. (A counting pattern is slower.)
_PLAIN_SERIES = ((LONGEST_RUN_ID, rf"^[{RUN_ID_CHARACTERS}]+$"), (LONGEST_SYMBOL, "^[!-~]+$"))
_PLAIN_PROVENANCE = ((LONGEST_LABEL, None),) * 4


class Distinct(NamedTuple):
    """The k different combinations of texts in n rows, in columns, and which of them each row has, i8[n]."""

    texts: pa.RecordBatch
    which: Ints

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Each combination."""
        return zip(*(column.to_pylist() for column in self.texts.columns), strict=True)


class BarColumns:
    """n bars with the fields of schemas/bar.avsc; timestamps are int64, UTC epoch milliseconds."""

    def __init__(self, bars: pa.RecordBatch) -> None:
        self.bars = bars
        #: Run and symbol.
        self.series = _distinct(bars, _SERIES)
        #: Origin, source, feed and adjustment.
        self.provenances = _distinct(bars, _PROVENANCE)

    def make_sense(self) -> Bools:
        """bool[n]: true for bars that `app.domain.validation.bar_fault` has nothing to say of.

        Where it is false, `bar_fault` decides: it also allows for rounding, for bars without trades and for
        symbols beyond ASCII.
        """
        column = {
            field: self.bars[field].to_numpy() for field in ("open", "high", "low", "close", "volume", "timestamp")
        }
        low, high, start = column["low"], column["high"], column["timestamp"]
        vwap, count = self.bars["vwap"], self.bars["trade_count"]
        # Every comparison is false for NaN.
        sound = (low >= LOWEST_PRICE) & (high <= HIGHEST_PRICE)
        for field in ("open", "close"):
            sound &= (low <= column[field]) & (column[field] <= high)
        sound &= (column["volume"] >= 0.0) & (column["volume"] < np.inf)
        sound &= (start >= EARLIEST_MS) & (start < LATEST_MS) & (start % MINUTE_MS == 0)
        prices, trades = _filled(vwap, 1.0), _filled(count, 0)
        sound &= (prices > 0.0) & (prices < np.inf) & (trades >= 0) & (trades <= MOST_TRADES)
        sound &= _all_match(self.series.texts, _PLAIN_SERIES)[self.series.which]
        sound &= _all_match(self.provenances.texts, _PLAIN_PROVENANCE)[self.provenances.which]
        makes_sense: Bools = sound
        return makes_sense

    def rows(self, dtype: np.dtype[np.void] = ROW) -> Rows:
        """n rows of this layout with the bars' own values; they must make sense."""
        rows = np.zeros(self.bars.num_rows, dtype)
        rows["minute"] = self.bars["timestamp"].to_numpy() // MINUTE_MS
        for field in ("open", "high", "low", "close", "volume"):
            rows[field] = self.bars[field].to_numpy()
        rows["vwap"] = _filled(self.bars["vwap"], np.nan)
        rows["trade_count"] = _filled(self.bars["trade_count"], NO_COUNT)
        return rows

    def provenance_column(self) -> Objects:
        """Provenance[n]."""
        made = (provenance_of(*each) for each in self.provenances.rows())
        distinct = np.fromiter(made, object, self.provenances.texts.num_rows)
        return distinct[self.provenances.which]

    def newest(self) -> Iterator[tuple[Origin, int]]:
        """The newest bar start for each provenance, with its origin."""
        newest = np.zeros(self.provenances.texts.num_rows, np.int64)
        np.maximum.at(newest, self.provenances.which, self.bars["timestamp"].to_numpy())
        return zip(self.provenances.texts["origin"].to_pylist(), newest.tolist(), strict=True)

    def series_keys(self) -> list[bytes]:
        """The key of each of the series, as `app.domain.key.table_key` makes it."""
        keys = pc.binary_join_element_wise(*self.series.texts.columns, SEPARATOR)
        found: list[bytes] = keys.cast(pa.binary()).to_pylist()
        return found


def _distinct(bars: pa.RecordBatch, fields: tuple[str, ...]) -> Distinct:
    columns = bars.select(fields)
    which = np.zeros(bars.num_rows, np.int64)
    if columns.num_rows < 2:
        return Distinct(columns, which)
    for column in columns.columns:
        encoded = column.dictionary_encode()
        if len(encoded.dictionary) > 1:
            which = which * len(encoded.dictionary) + encoded.indices.to_numpy()
            which = np.unique(which, return_inverse=True)[1]
    first = np.unique(which, return_index=True)[1] if which.any() else np.zeros(1, np.int64)
    return Distinct(columns.take(pa.array(first)), which)


def _all_match(texts: pa.RecordBatch, plain: Sequence[tuple[int, str | None]]) -> Bools:
    """Which rows are as they plainly may be in every column."""
    matching = np.ones(texts.num_rows, bool)
    for column, (longest, pattern) in zip(texts.columns, plain, strict=True):
        matching &= pc.binary_length(column).to_numpy() <= longest
        if pattern is not None:
            matching &= pc.match_substring_regex(column, pattern).to_numpy(zero_copy_only=False)
    return matching


def _filled(column: pa.Array, value: float) -> np.ndarray[Any, Any]:
    filled: np.ndarray[Any, Any] = pc.fill_null(column, value).to_numpy()
    return filled
