"""Parquet with the column names of any form that has a header."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from app.domain.validation import MOST_TRADES
from app.sources.base import Fault, OnFault, SourceError
from app.sources.files.bar_rows import NO_COUNT, BarRow, BarRows, Column, row_fault
from app.sources.files.cells import NUMBERS
from app.sources.files.column_headers import OURS, Names, find_places, has_columns
from app.sources.files.file_start import FileStart
from app.sources.files.file_times import NoZone, TimeReader, from_epochs
from app.sources.files.forms import alpaca_csv, polygon, yahoo
from app.sources.files.options import REQUIRED, FileOptions

_BATCH = 16_384
#: Of one row group, unpacked; writers make them of a hundredth of that.
_LARGEST_GROUP = 1 << 32
#: pandas' name for an index without one.
_INDEX = "__index_level_0__"
_NAMES: Sequence[Names] = (OURS, polygon.NAMES, alpaca_csv.LETTERS, yahoo.NAMES)


class Parquet:
    """Columns by name; times with a zone, or without one and with `--tz`."""

    name = "Parquet"
    label = "parquet"
    unit = "Row"

    def looks_like(self, start: FileStart) -> bool:
        """By its first four bytes."""
        return start.data.startswith(b"PAR1")

    def zone(self, start: FileStart, options: FileOptions) -> str:
        """By the type of the times."""
        with start.input.open() as binary:
            file = _opened(binary)
            at = _places(file.schema_arrow.names, options)["timestamp"]
            kind = file.schema_arrow.types[at[0]]
        if pa.types.is_timestamp(kind) and kind.tz:
            return "each time names its own"
        if pa.types.is_integer(kind):
            return "none needed: times count from 1970, UTC"
        return f"{options.zone}, as --tz says" if options.zone else "each time names its own"

    def ignored(self, start: FileStart, options: FileOptions) -> list[str]:
        """All other columns."""
        with start.input.open() as binary:
            names = _opened(binary).schema_arrow.names
        used = {place for each in _places(names, options).values() for place in each}
        return [name for place, name in enumerate(names) if place not in used]

    def rows(self, start: FileStart, options: FileOptions, on_fault: OnFault) -> Iterator[BarRows]:
        """The rows, some thousand at a time."""
        with start.input.open() as binary:
            file = _opened(binary)
            names = file.schema_arrow.names
            places = _places(names, options)
            wanted = sorted({names[place] for each in places.values() for place in each})
            line = 1
            try:
                for batch in file.iter_batches(_BATCH, columns=wanted, use_threads=False):
                    if batch.num_rows:
                        columns = {
                            ours: [batch.column(names[place]) for place in each] for ours, each in places.items()
                        }
                        yield from _good(_rows(columns, batch.num_rows, line, options), on_fault)
                    line += batch.num_rows
            except (pa.ArrowException, OSError) as error:
                raise _damaged(error) from None


def _opened(binary: BinaryIO) -> pq.ParquetFile:
    if not binary.seekable():
        raise SourceError("Parquet inside of a packed file cannot be read. Unpack it first.")
    try:
        file = pq.ParquetFile(binary, thrift_string_size_limit=1 << 24, thrift_container_size_limit=1 << 20)
        groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
    except (pa.ArrowException, OSError) as error:
        raise _damaged(error) from None
    if any(group.total_byte_size > _LARGEST_GROUP or group.total_byte_size < 0 for group in groups):
        raise SourceError("a row group of it unpacks to more than 4 GiB. Write it again with smaller ones.")
    return file


def _damaged(error: Exception) -> SourceError:
    return SourceError(f"the Parquet data is damaged or cut off ({str(error).splitlines()[0]:.200}). Fetch it again.")


def _places(names: Sequence[str], options: FileOptions) -> dict[str, tuple[int, ...]]:
    if len(set(names)) < len(names):
        raise SourceError("Two columns have the same name. Write the file again with one name for each.")
    header = ["timestamp" if name == _INDEX and "timestamp" not in names else name for name in names]
    known = next((each for each in _NAMES if _fits(header, each)), OURS)
    places = find_places(header, options, known)
    if options.symbol is not None:
        places.pop("symbol", None)
    return places


def _fits(header: Sequence[str], names: Names) -> bool:
    return has_columns(header, {name: names[name] for name in REQUIRED if name != "symbol"})


def _rows(columns: dict[str, list[pa.Array]], count: int, line: int, options: FileOptions) -> BarRows:
    """All of a batch; what is missing or no number becomes one that no bar has."""
    if options.symbol is not None:
        names, symbol = (options.symbol,), np.zeros(count, np.int64)
    else:
        texts = _texts(columns["symbol"][0])
        encoded = texts.dictionary_encode()
        names = tuple(name.strip() for name in encoded.dictionary.to_pylist())
        symbol = encoded.indices.to_numpy().astype(np.int64)
    open_, high, low, close, volume = (_floats(columns[name][0]) for name in NUMBERS)
    trades, vwap = np.full(count, NO_COUNT, np.int64), np.full(count, np.nan)
    if "trade_count" in columns:
        counts = _floats(columns["trade_count"][0])
        whole = np.isnan(counts) | ((counts == np.floor(counts)) & (counts >= 0) & (counts <= MOST_TRADES))
        trades = np.where(np.isnan(counts), NO_COUNT, np.where(whole, np.nan_to_num(counts), MOST_TRADES + 1))
        trades = trades.astype(np.int64)
    if "vwap" in columns:
        vwap = _floats(columns["vwap"][0])
    times = _times(columns["timestamp"], options)
    file = np.zeros(count, np.int64)
    at = np.arange(line, line + count)
    return BarRows(at, names, symbol, times, open_, high, low, close, volume, trades, vwap, file)


def _good(rows: BarRows, on_fault: OnFault) -> Iterator[BarRows]:
    good = rows.plainly_good()
    for place in np.flatnonzero(~good).tolist():
        one = rows.take(slice(place, place + 1))
        count, vwap = int(one.trade_count[0]), float(one.vwap[0])
        open_, high, low, close, volume = (
            float(each[0]) for each in (one.open, one.high, one.low, one.close, one.volume)
        )
        row = BarRow(
            one.names[int(one.symbol[0])],
            int(one.timestamp[0]),
            *(open_, high, low, close, volume),
            None if count < 0 else count,
            None if np.isnan(vwap) else vwap,
        )
        fault = row_fault(row)
        good[place] = fault is None
        if fault is not None:
            on_fault(Fault(int(one.line[0]), fault))
    if good.any():
        yield rows.take(good)


def _texts(column: pa.Array) -> pa.Array:
    try:
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        texts = pc.fill_null(pc.cast(column, pa.string()), "")
        texts.validate(full=True)
    except pa.ArrowException as error:
        raise SourceError(f"its symbols are no texts ({error}). Say which column they are in: --map symbol=…") from None
    return texts


def _floats(column: pa.Array) -> Column:
    try:
        numbers: Column = pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    except pa.ArrowException as error:
        raise SourceError(
            f"a column that must hold numbers does not ({error}). Say which columns to read: --map."
        ) from None
    return numbers


def _times(columns: list[pa.Array], options: FileOptions) -> Column:
    """Milliseconds; 0, which no bar has, where there is none."""
    column = columns[0]
    times = TimeReader(options.zone)
    try:
        if len(columns) == 1 and pa.types.is_timestamp(column.type):
            clock = pc.fill_null(pc.cast(pc.cast(column, pa.timestamp("ns", column.type.tz)), pa.int64()), 0)
            clock_ms: Column = clock.to_numpy() // 1_000_000
            if column.type.tz:
                return clock_ms
            if options.zone is None:
                raise NoZone(str(column[0]))
            there, known = times.localised(clock_ms)
            return np.where(known, there, 0)
        if len(columns) == 1 and pa.types.is_integer(column.type):
            return from_epochs(np.maximum(pc.fill_null(pc.cast(column, pa.int64()), 0).to_numpy(), 0))
        parts = [pc.fill_null(pc.cast(each, pa.string()), "") for each in columns]
    except NoZone as error:
        raise SourceError(f"{error}.") from None
    except pa.ArrowException as error:
        raise SourceError(f"its times cannot be read ({error}). Say which columns they are in: --map.") from None
    texts = parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, " ")
    read = times.column(texts)
    if read is not None:
        return np.where(read[1], read[0], 0)
    return np.array([_time(times, text) for text in texts.to_pylist()], np.int64)


def _time(times: TimeReader, text: str) -> int:
    try:
        return times.one(text.strip())
    except NoZone as error:
        raise SourceError(f"{error}.") from None
    except ValueError:
        return 0
