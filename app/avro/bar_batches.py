"""Reads many bars at once, in columns; `app.avro.bars` reads one."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from app.avro.bars import bar_poison
from app.avro.columns import ColumnDecoder
from app.avro.fast import one_batch
from app.avro.serde import Poison
from app.domain.bar_columns import BarColumns
from app.domain.row import Bools, Ints
from app.engine.batch import Record


class BarsRead(NamedTuple):
    """The bars of n records, the index of the record of each, and the records that are poison, by their index."""

    bars: BarColumns
    indexes: Ints
    poisoned: list[tuple[int, Poison]]


def read_bars(decoder: ColumnDecoder, records: Sequence[Record]) -> BarsRead:
    """The bars of records, in their order, and what of them is poison, with its reason and sentence."""
    decoded = decoder.decode_columns([record.value for record in records])
    poisoned = decoded.poisoned
    bars, indexes = decoded.columns, decoded.indexes
    columns = BarColumns(bars)
    is_good = np.empty(0, bool)
    if len(indexes):
        is_good = columns.make_sense() & _keys_match(bars, [records[index].key for index in indexes.tolist()])
    for at in np.flatnonzero(~is_good).tolist():
        index = int(indexes[at])
        poison = bar_poison(bars.slice(at, 1).to_pylist()[0], records[index].key)
        is_good[at] = poison is None
        if poison is not None:
            poisoned.append((index, poison))
    good_records = []
    for index, record in decoded.records:
        poison = bar_poison(record, records[index].key)
        if poison is not None:
            poisoned.append((index, poison))
        else:
            good_records.append((index, record))
    if good_records or not is_good.all():
        more = pa.RecordBatch.from_pylist([record for _, record in good_records], decoder.fields)
        bars = one_batch([bars.filter(pa.array(is_good)), more]) if len(is_good) else more
        indexes = np.concatenate([indexes[is_good], np.array([index for index, _ in good_records], np.int64)])
    order = np.argsort(indexes)
    if (order[1:] < order[:-1]).any():
        bars, indexes = bars.take(pa.array(order)), indexes[order]
    columns = columns if bars is columns.bars else BarColumns(bars)
    return BarsRead(columns, indexes, sorted(poisoned, key=lambda each: each[0]))


def _keys_match(bars: pa.RecordBatch, keys: list[bytes | None]) -> Bools:
    symbols = bars["symbol"].cast(pa.binary()).to_pylist()
    if keys == symbols:  # Nearly always.
        return np.ones(len(keys), bool)
    return np.fromiter((key == symbol for key, symbol in zip(keys, symbols, strict=True)), bool, len(keys))
