"""Alpaca's JSON: answers for one symbol or several, one page or many, read piece by piece."""

import codecs
import json
from collections.abc import Iterator
from typing import Any

from app.sources.alpaca.bar import BadBar, from_json
from app.sources.base import Fault, OnFault, SourceError
from app.sources.files.bar_rows import BarRow, BarRows, row_fault, rows_of
from app.sources.files.file_start import FileStart
from app.sources.files.form import Form
from app.sources.files.options import FileOptions, no_symbol
from app.sources.files.text import encoding_of

_BATCH = 4096
_CHUNK = 1 << 16
#: A bar has some 120 characters.
_LONGEST_VALUE = 1 << 16


class AlpacaJson:
    """`{"bars": [{"t": …}], "symbol": "AAPL"}` or `{"bars": {"AAPL": [{"t": …}]}}`, and pages one after the other."""

    name = "Alpaca JSON"
    label = "alpaca"
    unit = "Bar"

    def looks_like(self, start: FileStart) -> bool:
        """By its brackets: no other form begins with one."""
        return bool(start.lines) and next((line.strip()[:1] in "{[" for line in start.lines if line.strip()), False)

    def zone(self, start: FileStart, options: FileOptions) -> str:
        """Alpaca's times end in Z."""
        return "each time names its own"

    def ignored(self, start: FileStart, options: FileOptions) -> list[str]:
        """None are."""
        return []

    def rows(self, start: FileStart, options: FileOptions, on_fault: OnFault) -> Iterator[BarRows]:
        """The bars in the file's order."""
        lines: list[int] = []
        rows: list[BarRow] = []
        for number, (symbol, bar) in enumerate(_bars(start, options), start=1):
            try:
                row = BarRow(*from_json(symbol, bar))
                if fault := row_fault(row):
                    raise BadBar(fault)
                rows.append(row)
                lines.append(number)
            except BadBar as error:
                on_fault(Fault(number, str(error)))
            if len(rows) == _BATCH:
                yield rows_of(lines, rows)
                lines, rows = [], []
        if rows:
            yield rows_of(lines, rows)


def _bars(start: FileStart, options: FileOptions) -> Iterator[tuple[str, Any]]:
    """Each bar with its symbol."""
    names: Iterator[str | None] = iter(())
    if options.symbol is None:
        # In an answer for one symbol its name comes behind the bars.
        names = iter([text for kind, text in _parts(start) if kind == "page"])
    symbol: str | None = None
    for kind, value in _parts(start):
        if kind == "begin":
            symbol = options.symbol or next(names, None)
        elif kind == "symbol":
            if options.symbol is not None:
                raise SourceError("The file names its symbols: for one of them --symbols, not --symbol.")
            symbol = value
        elif kind == "bar":
            if symbol is None:
                raise no_symbol("The file")
            yield symbol, value


def _parts(start: FileStart) -> Iterator[tuple[str, Any]]:
    """("begin", None) of a page, ("symbol", name) of each list of bars, ("bar", bar), ("page", its symbol or None)."""
    with start.input.open() as binary:
        decoder = codecs.getincrementaldecoder("utf-8-sig" if start.encoding == "UTF-8" else encoding_of(start.data))
        text = _Text(binary, decoder(errors="replace"))
        while (sign := text.peek()) is not None:
            # Pages may stand one after the other, or in a list.
            if sign in "[,]":
                text.take()
            else:
                yield from _page(text)


def _page(text: "_Text") -> Iterator[tuple[str, Any]]:
    symbol: str | None = None
    yield "begin", None
    any_bars = False
    for name in text.names():
        if name == "bars":
            any_bars = True
            if text.peek() == "{":
                for each in text.names():
                    yield "symbol", each
                    yield from (("bar", bar) for bar in text.items())
            else:
                yield from (("bar", bar) for bar in text.items())
        else:
            value = text.value()
            if name == "symbol" and isinstance(value, str):
                symbol = value
    if not any_bars:
        raise SourceError('It is JSON, but not as Alpaca answers: it has no "bars". Give one of the forms in the docs.')
    yield "page", symbol


class _Text:
    """JSON taken apart from the front; only one value is in memory at a time."""

    def __init__(self, binary: Any, decoder: codecs.IncrementalDecoder) -> None:
        self._binary, self._decoder = binary, decoder
        self._json = json.JSONDecoder()
        self._held, self._at, self._ended = "", 0, False

    def peek(self) -> str | None:
        """The next sign that is not white space; None at the end."""
        while True:
            while self._at < len(self._held) and self._held[self._at] in " \t\r\n":
                self._at += 1
            if self._at < len(self._held):
                return self._held[self._at]
            if not self._more():
                return None

    def take(self) -> str:
        """That sign. Raises SourceError at the end."""
        sign = self.peek()
        if sign is None:
            raise SourceError("the JSON ends too early. Fetch the file again.")
        self._at += 1
        return sign

    def value(self) -> Any:
        """The next whole value."""
        self.peek()
        while True:
            try:
                value, at = self._json.raw_decode(self._held, self._at)
            except ValueError:
                if len(self._held) - self._at > _LONGEST_VALUE or not self._more():
                    break
                continue
            except RecursionError:
                break
            # A number may go on.
            if at < len(self._held) or not self._more():
                self._at = at
                return value
        near = self._held[self._at : self._at + 40]
        raise SourceError(f"it is not the JSON of Alpaca's bars, at {near!r}. Fetch the file again.")

    def names(self) -> Iterator[str]:
        """The names of an object, before each of whose values it stops."""
        if self.peek() == "n" and self.value() is None:
            return
        yield from self._listed("{", "}", self._name)

    def items(self) -> Iterator[Any]:
        """The values of a list; null is an empty one."""
        if self.peek() == "n" and self.value() is None:
            return
        yield from self._listed("[", "]", self.value)

    def _name(self) -> str:
        name = self.value()
        if not isinstance(name, str):
            raise SourceError(f"it is not JSON: {name!r:.60} stands for a name. Fetch the file again.")
        self._expect(":")
        return name

    def _listed(self, first: str, last: str, read: Any) -> Iterator[Any]:
        self._expect(first)
        if self.peek() == last:
            self.take()
            return
        while True:
            yield read()
            if self._expect("," + last) == last:
                return

    def _expect(self, signs: str) -> str:
        sign = self.take()
        if sign not in signs:
            raise SourceError(f"it is not the JSON of Alpaca's bars: {sign!r} instead of {signs[0]!r}. Fetch it again.")
        return sign

    def _more(self) -> bool:
        if self._ended:
            return False
        data = self._binary.read(_CHUNK)
        self._ended = not data
        self._held = self._held[self._at :] + self._decoder.decode(data, self._ended)
        self._at = 0
        return not self._ended or bool(self._held)


_: type[Form] = AlpacaJson
