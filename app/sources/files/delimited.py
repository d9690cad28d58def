"""Lines of separated values as rows: a block at once, and one by one where a line is unusual.

Arrow reads a block. What it takes for a good bar, the slow way (cells.py) takes for the same: a test holds both
equal. All else goes the slow way, which decides and says what is wrong.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from app.sources.base import Fault, OnFault, SourceError
from app.sources.files.bar_rows import NO_COUNT, BadRow, BarRow, BarRows, Column, joined, rows_of
from app.sources.files.cells import NUMBERS, PRICES, Layout, is_empty, read_row, split
from app.sources.files.file_times import NoZone
from app.sources.files.text import LONGEST_LINE, blocks

#: Text that the fast way reads differently from the slow one, or not at all.
_UNUSUAL = (b'"', b"\0", b"\xef\xbf\xbd")


def read_delimited(
    binary: BinaryIO,
    layouts: Sequence[Layout],
    *,
    skipped: int,
    on_fault: OnFault,
    size: int = 1 << 18,
    fast: bool = True,
) -> Iterator[BarRows]:
    """The rows below the first `skipped` lines; where a line has bars of several layouts, line by line.

    Raises SourceError when the first time names no zone.
    """
    reader = _BlockReader(layouts, on_fault, fast)
    line = 1
    for block in blocks(binary, size):
        count = block.count(b"\n")
        rest = block
        left = max(0, skipped + 1 - line)
        if left:
            rest = b"" if left >= count else block.split(b"\n", left)[left]
        if rest:
            yield from reader.rows(rest, line + min(left, count))
        line += count


class _BlockReader:
    def __init__(self, layouts: Sequence[Layout], on_fault: OnFault, fast: bool) -> None:
        self._layouts, self._on_fault = layouts, on_fault
        self._fast = ArrowReader(layouts) if fast and not any(layout.sparse for layout in layouts) else None
        self._any = False

    def rows(self, block: bytes, line: int) -> Iterator[BarRows]:
        found = self._fast.columns(block) if self._fast else None
        if found is None:
            texts = block.split(b"\n")[:-1]
            part = self._slow(texts, np.arange(line, line + len(texts)))
        else:
            part = self._mended(*found, block, line)
        if part is not None and len(part):
            self._any = True
            yield part

    def _mended(self, rows: BarRows, good: Column, odd: list[int], block: bytes, line: int) -> BarRows | None:
        """Those that are good, and those that the slow way finds good, in the file's order."""
        rows = BarRows(rows.line + line, rows.names, *rows.columns())
        if good.all() and not odd:
            return rows
        texts = block.split(b"\n")
        places = np.sort(np.concatenate([rows.line[~good] - line, np.array(odd, np.int64)]))
        part = self._slow([texts[place] for place in places.tolist()], places + line)
        rows = rows.take(good)
        if part is None:
            return rows
        both = joined([rows, part])
        return both.take(np.argsort(both.line, kind="stable"))

    def _slow(self, texts: list[bytes], lines: Column) -> BarRows | None:
        found: list[BarRow] = []
        at: list[int] = []
        for text, line in zip(texts, lines.tolist(), strict=True):
            if not text or text.isspace():
                continue
            try:
                fields = split(text.decode("utf-8", "surrogateescape"), self._layouts[0].delimiter)
            except BadRow as error:
                self._on_fault(Fault(line, str(error)))
                continue
            for layout in self._layouts:
                try:
                    if is_empty(fields, layout):
                        continue
                    found.append(read_row(fields, layout))
                    at.append(line)
                except NoZone as error:
                    if not self._any and not found:
                        raise SourceError(f"line {line}: {error}.") from None
                    self._on_fault(Fault(line, str(error)))
                except ValueError as error:
                    self._on_fault(Fault(line, str(error)))
                    if len(self._layouts) > 1 and len(fields) != layout.width:
                        break
        return rows_of(at, found) if found else None


class ArrowReader:
    """Reads what is usual, a block at once."""

    def __init__(self, layouts: Sequence[Layout]) -> None:
        self._layout = layout = layouts[0]
        numbers = {layout.at[name] for name in (*NUMBERS, "trade_count", "vwap") if name in layout.at}
        texts = {*layout.time_at, *((layout.at["symbol"],) if layout.symbol is None else ())}
        self._usable = len(layouts) == 1 and not numbers & texts
        self._read = pa_csv.ReadOptions(
            column_names=[str(place) for place in range(layout.width)], use_threads=False, block_size=1 << 23
        )
        self._convert = pa_csv.ConvertOptions(
            include_columns=[str(place) for place in sorted(numbers | texts)],
            column_types={
                **{str(place): pa.float64() for place in numbers},
                **{str(place): pa.string() for place in texts},
            },
            null_values=[""],
            strings_can_be_null=False,
            decimal_point=layout.decimal,
        )

    def columns(self, block: bytes) -> tuple[BarRows, Column, list[int]] | None:
        """Rows whose `line` counts from 0, which of them are good, and the lines that are no rows at all.

        None when the block must be read line by line.
        """
        if not self._usable or any(sign in block for sign in _UNUSUAL) or not _is_utf8(block):
            return None
        ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n"))
        if int(np.diff(ends, prepend=-1).max()) > LONGEST_LINE:
            return None
        odd: list[int] = []

        def note(row: pa_csv.InvalidRow) -> str:
            odd.append(row.number - 1)
            return "skip"

        parse = pa_csv.ParseOptions(
            delimiter=self._layout.delimiter, quote_char=False, ignore_empty_lines=False, invalid_row_handler=note
        )
        try:
            table = pa_csv.read_csv(pa.BufferReader(block), self._read, parse, self._convert)
            if table.num_rows + len(odd) != len(ends) or not table.num_rows:
                return None
            return self._rows(table, np.delete(np.arange(len(ends)), odd), odd)
        except (pa.ArrowInvalid, pa.ArrowKeyError):
            return None

    def _rows(self, table: pa.Table, line: Column, odd: list[int]) -> tuple[BarRows, Column, list[int]] | None:
        layout = self._layout
        texts = [_one(table[str(place)]) for place in layout.time_at]
        read = layout.times.column(texts[0] if len(texts) == 1 else pc.binary_join_element_wise(*texts, " "))
        if read is None:
            return None
        timestamp, known = read
        good = known.copy()
        values = []
        for name in NUMBERS:
            values.append(_floats(table[str(layout.at[name])]))
            if layout.scale != 1.0 and name in PRICES:
                values[-1] = values[-1] / layout.scale
        counts, vwap = np.full(len(line), NO_COUNT, np.int64), np.full(len(line), np.nan)
        if "trade_count" in layout.at:
            column = _one(table[str(layout.at["trade_count"])])
            numbers = _floats(column)
            there = pc.is_valid(column).to_numpy(zero_copy_only=False)
            whole = (numbers >= 0) & (numbers < 2**53) & (numbers == np.floor(numbers))
            good &= whole | ~there
            counts[whole & there] = numbers[whole & there].astype(np.int64)
        if "vwap" in layout.at:
            column = _one(table[str(layout.at["vwap"])])
            vwap = _floats(column) / layout.scale
            good &= ~(np.isnan(vwap) & pc.is_valid(column).to_numpy(zero_copy_only=False))
        names, symbol = self._symbols(table, len(line))
        file = np.zeros(len(line), np.int64)
        open_, high, low, close, volume = values
        rows = BarRows(line, names, symbol, timestamp, open_, high, low, close, volume, counts, vwap, file)
        return rows, good & rows.plainly_good(), odd

    def _symbols(self, table: pa.Table, count: int) -> tuple[tuple[str, ...], Column]:
        if self._layout.symbol is not None:
            return (self._layout.symbol,), np.zeros(count, np.int64)
        encoded = _one(table[str(self._layout.at["symbol"])]).dictionary_encode()
        names = tuple(name.strip() for name in encoded.dictionary.to_pylist())
        return names, encoded.indices.to_numpy().astype(np.int64)


def _is_utf8(block: bytes) -> bool:
    if block.isascii():
        return True
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _floats(column: pa.ChunkedArray | pa.Array) -> Column:
    """Not a number where it is empty."""
    array = _one(column) if isinstance(column, pa.ChunkedArray) else column
    numbers: Column = array.to_numpy(zero_copy_only=False)
    return numbers
