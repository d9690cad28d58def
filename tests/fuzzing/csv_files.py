"""CSV files of bars, gzipped and not, and timestamps.

Promised of any bytes: `SourceError`, or bars that make sense and are read from
their own values, written out, as the same; what is left goes to `on_fault`, and
what was zipped is read as what was not.
"""

import csv
import gzip
import io
import tempfile
from pathlib import Path

from app.domain.records import Bar
from app.domain.validation import bar_fault
from app.iso_time import iso
from app.sources.base import Fault, SourceError
from app.sources.files.bar_files import BarFiles
from app.sources.timestamps import has_zone, parse_timestamp
from tests.fuzzing.family import Family

_COLUMNS = ("symbol", "timestamp", "open", "high", "low", "close", "volume", "trade_count", "vwap")
_GZIP = b"\x1f\x8b"
_HEADER = ",".join(_COLUMNS)
_PATH = Path(tempfile.mkdtemp(prefix="stocks-fuzz-")) / "bars.csv"


def _check(data: bytes) -> None:
    found = _read(data)
    if not data.startswith(_GZIP):
        assert found == _read(gzip.compress(data, 1))
    if found is None:
        return
    bars, faults = found
    assert data.startswith(_GZIP) or len(bars) + len(faults) <= data.count(b"\n") + data.count(b"\r") + 1
    for bar in bars:
        assert bar_fault(bar) is None
        again = _read(f"{_HEADER}\n{_line(bar)}\n".encode())
        assert again == ([bar], []), f"{bar} is read as {again} when it is written out"


def _read(data: bytes) -> tuple[list[Bar], list[Fault]] | None:
    _PATH.write_bytes(data)
    faults: list[Fault] = []
    try:
        return list(BarFiles([str(_PATH)], run_id="fuzzed", on_fault=faults.append).bars()), faults
    except SourceError:
        return None


def _line(bar: Bar) -> str:
    line = io.StringIO()
    fields = [bar[name] for name in _COLUMNS[2:]]  # type: ignore[literal-required]
    csv.writer(line, lineterminator="").writerow([bar["symbol"], iso(bar["timestamp"]), *map(_text, fields)])
    return line.getvalue()


def _text(value: float | None) -> str:
    return "" if value is None else repr(value)


def _check_timestamp(data: bytes) -> None:
    text = data.decode(errors="surrogateescape")
    try:
        timestamp = parse_timestamp(text)
    except ValueError:
        return
    has_zone(text)
    if 1000 * 86_400_000 < timestamp < 253_402_300_799_999:
        assert parse_timestamp(iso(timestamp)) == timestamp
    assert parse_timestamp(text) == timestamp


_BARS = f"""{_HEADER}
AAPL,2024-11-14T14:30:00Z,189.5,190,189,189.75,1200,37,189.6
"BRK.B",1731594660000,470.25,470.5,470,470.125,3e2,,
AAPL,2024-11-14T09:32:00-05:00,189.5,190.0,189.0,189.75,0,5.0,
not,a,bar
""".encode()

CSV = Family("csv", [_BARS, gzip.compress(_BARS), b"\xef\xbb\xbf" + _BARS.replace(b"\n", b"\r\n")], _check)
TIMESTAMPS = Family(
    "timestamps",
    [b"2024-11-14T14:30:00Z", b"1731594660000", b"1731594660", b"2024-11-14 09:30:00.123-05:00", b"20241114T1430"],
    _check_timestamp,
)
