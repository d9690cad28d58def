"""Files of bars in every form, packed and not, and timestamps.

Promised of any bytes: `SourceError` in one sentence, or bars that make sense and are read from
their own values, written out, as the same; what is left goes to `on_fault`, and
what was zipped is read as what was not.
"""

import csv
import gzip
import io
import tempfile
from pathlib import Path
from zlib import crc32
from zoneinfo import ZoneInfo

import pyarrow as pa

from app.domain.records import Bar
from app.domain.validation import bar_fault
from app.sources.base import Fault, SourceError
from app.sources.files.bar_files import BarFiles
from app.sources.files.options import FileOptions
from app.sources.timestamps import parse_timestamp
from app.times import iso
from tests.harness.fuzzing.family import Family
from tests.unit.sources.files import written

_COLUMNS = ("symbol", "timestamp", "open", "high", "low", "close", "volume", "trade_count", "vwap")
_PACKED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK")
_ZONE = ZoneInfo("America/New_York")
_HEADER = ",".join(_COLUMNS)
_FOLDER = Path(tempfile.mkdtemp(prefix="stocks-fuzz-"))
_PATH = _FOLDER / "bars.csv"
#: Names that Lean's and FirstRate's forms are known by.
_NAMED = (_FOLDER / "AAPL_1min.txt", _FOLDER / "equity/usa/minute/aapl/20241114_trade.zip")


def _check(data: bytes) -> None:
    """As a file without a telling name."""
    found = _read(data)
    if not data.startswith(_PACKED):
        assert found == _read(gzip.compress(data, 1))
    if found is None:
        return
    bars, faults = found
    assert data.startswith(_PACKED) or len(bars) + len(faults) <= data.count(b"\n") + data.count(b"\r") + 1
    _check_bars(bars)


def _check_form(data: bytes) -> None:
    """By one of the names, with or without what a form may ask for; the bytes choose."""
    choice = crc32(data)
    path = (_PATH, *_NAMED)[choice % 3]
    options = FileOptions(zone=_ZONE, symbol="AAPL", sort=True) if choice // 3 % 2 else FileOptions()
    if found := _read(data, path, options):
        _check_bars(found[0][:20])


def _check_bars(bars: list[Bar]) -> None:
    for bar in bars:
        assert bar_fault(bar) is None
    if bars:
        text = "".join(f"{_line(bar)}\n" for bar in bars)
        again = _read(f"{_HEADER}\n{text}".encode())
        assert again is not None
        assert [{**bar, "source": ""} for bar in again[0]] == [{**bar, "source": ""} for bar in bars]
        assert again[1] == []


def _read(data: bytes, path: Path = _PATH, options: FileOptions | None = None) -> tuple[list[Bar], list[Fault]] | None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    faults: list[Fault] = []
    try:
        files = BarFiles([str(path)], options=options, run_id="fuzzed", on_fault=faults.append)
        files.look_through(lambda _: None)
        list(files.warnings())
        return list(files.bars()), faults
    except SourceError as error:
        sentence = str(error)
    assert len(sentence) < 2000
    assert "\n" not in sentence
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
    if 1000 * 86_400_000 < timestamp < 253_402_300_799_999:
        assert parse_timestamp(iso(timestamp)) == timestamp
    assert parse_timestamp(text) == timestamp


_BARS = f"""{_HEADER}
AAPL,2024-11-14T14:30:00Z,189.5,190,189,189.75,1200,37,189.6
"BRK.B",1731594660000,470.25,470.5,470,470.125,3e2,,
AAPL,2024-11-14T09:32:00-05:00,189.5,190.0,189.0,189.75,0,5.0,
not,a,bar
""".encode()

_ROWS = [*written.made(), *written.made("MSFT", 3, 410.0)]
_ONE = written.made()


def _bytes(text: str) -> bytes:
    return text.encode()


CSV = Family(
    "csv",
    [
        _BARS,
        gzip.compress(_BARS),
        b"\xef\xbb\xbf" + _BARS.replace(b"\n", b"\r\n"),
        _BARS.decode().encode("utf-16"),
        _BARS.replace(b"\n", b"\r"),
        _bytes(written.german(_ROWS)),
    ],
    _check,
)
FORMS = Family(
    "forms",
    [
        _bytes(written.alpaca_csv(_ROWS)),
        _bytes(written.alpaca_json(_ONE)),
        _bytes(written.alpaca_json_of_many(_ROWS)),
        _bytes(written.polygon(_ROWS)),
        _bytes(written.yahoo(_ONE)),
        _bytes(written.yahoo_wide(_ROWS)),
        _bytes(written.stooq(_ROWS)),
        _bytes(written.firstrate(_ONE)),
        b"34200000,2250200,2254000,2249000,2253100,12\n34260000,2250200,2254000,2249000,2253100,12\n",
    ],
    _check_form,
)
PACKED = Family(
    "packed",
    [
        written.parquet(_ROWS),
        written.lean(_ONE),
        pa.compress(_BARS, codec="zstd", asbytes=True),
        gzip.compress(_bytes(written.alpaca_json_of_many(_ROWS))),
    ],
    _check_form,
)
TIMESTAMPS = Family(
    "timestamps",
    [b"2024-11-14T14:30:00Z", b"1731594660000", b"1731594660", b"2024-11-14 09:30:00.123-05:00", b"20241114T1430"],
    _check_timestamp,
)
