"""Every form is known by itself, and its bars are the ones that were written."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from app.sources.base import SourceError
from app.sources.files.bar_rows import BarRow
from tests.unit.sources.files import written
from tests.unit.sources.files.written import made, read, without, write

ONE, TWO = made(), sorted([*made(), *made("MSFT", 4, 410.0)], key=lambda row: row.timestamp)
BY_SYMBOL = [*made(), *made("MSFT", 4, 410.0)]
PLAIN = ("trade_count", "vwap")
BARE, BARE_TWO = without(ONE, *PLAIN), without(TWO, *PLAIN)
WIDE = "Yahoo CSV with the wide header (yfinance)"
FULL = "AAPL_full_1min_adjsplitdiv.txt"
LEAN = "equity/usa/minute/aapl/20241114_trade.zip"

FORMS: list[tuple[str, str, written.Writer, Sequence[BarRow], Sequence[BarRow], dict[str, Any], str]] = [
    ("own", "bars.csv", written.own, TWO, TWO, {}, "columns by name"),
    ("german", "bars.csv", written.german, TWO, TWO, {}, "columns by name"),
    ("tabs", "bars.tsv", lambda rows: written.own(rows).replace(",", "\t"), TWO, TWO, {}, "columns by name"),
    ("alpaca csv", "bars.csv", written.alpaca_csv, TWO, TWO, {}, "Alpaca CSV"),
    ("alpaca json", "bars.json", written.alpaca_json, ONE, ONE, {}, "Alpaca JSON"),
    ("alpaca json of many", "bars.json", written.alpaca_json_of_many, TWO, BY_SYMBOL, {}, "Alpaca JSON"),
    ("polygon", "2024-11-14.csv", written.polygon, TWO, without(TWO, "vwap"), {}, "Polygon flat file"),
    ("yahoo", "aapl.csv", written.yahoo, ONE, BARE, {"symbol": "AAPL"}, "Yahoo CSV (yfinance)"),
    (
        "yahoo wide",
        "y.csv",
        written.yahoo_wide,
        TWO,
        without(TWO, *PLAIN),
        {},
        WIDE,
    ),
    (
        "yahoo wide, one",
        "y.csv",
        written.yahoo_wide,
        ONE,
        without(ONE, *PLAIN),
        {},
        WIDE,
    ),
    ("stooq", "aapl.us.txt", written.stooq, TWO, BARE_TWO, {"zone": written.WARSAW}, "Stooq"),
    ("firstrate", "AAPL_1min.txt", written.firstrate, ONE, BARE, {}, "FirstRate Data"),
    (
        "firstrate, full",
        "AAPL_full_1min_adjsplitdiv.txt",
        written.firstrate,
        ONE,
        without(ONE, *PLAIN),
        {},
        "FirstRate Data",
    ),
    (
        "lean",
        "equity/usa/minute/aapl/20241114_trade.zip",
        written.lean,
        ONE,
        without(ONE, *PLAIN),
        {},
        "Lean minute file",
    ),
    ("lean elsewhere", "moved.zip", written.lean, ONE, BARE, {}, "Lean minute file"),
    ("parquet", "bars.parquet", written.parquet, TWO, TWO, {}, "Parquet"),
]


@pytest.mark.parametrize(
    ("file", "writer", "rows", "wanted", "options", "form"),
    [each[1:] for each in FORMS],
    ids=[each[0] for each in FORMS],
)
def test_each_form(
    tmp_path: Path,
    file: str,
    writer: written.Writer,
    rows: Sequence[BarRow],
    wanted: Sequence[BarRow],
    options: dict[str, Any],
    form: str,
) -> None:
    found = read(write(tmp_path / file, writer(rows)), **options)
    assert found.rows == wanted
    assert not found.faults
    assert found.files.files[0].form.name == form


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("a.csv", "date,close\n2024-11-14,1\n", "Missing: symbol, timestamp, open, high, low, volume"),
        ("aapl.csv", written.yahoo(ONE), "for example --symbol AAPL"),
        (
            "dates.csv",
            "Date,Time,Open,High,Low,Close,Adj Close,Vol\n2024-11-14,09:30,1,1,1,1,1,1\n",
            r"--map 'timestamp=Date\+Time,volume=Vol' --symbol AAPL\. Missing: symbol, timestamp, volume",
        ),
        (
            "export.csv",
            "Date;Time;Open;High;Low;Adj Close;Vol\n2024-11-14;09:30;1;1;1;1;1\n",
            r"--map 'timestamp=Date\+Time,close=\"Adj Close\",volume=Vol' --symbol AAPL\. Missing: symbol",
        ),
        ("y.csv", written.yahoo_wide(ONE).replace("AAPL", "A\x1b" + "[" * 3000), "names no symbols: symbol is 'A.x1b"),
        ("aapl.txt", written.stooq(ONE), "--tz Europe/Warsaw"),
        ("data.txt", written.firstrate(ONE), "for example --symbol AAPL"),
        ("a.bin", bytes(range(256)), "it is not text"),
        ("a.json", '{"trades": []}', 'it has no "bars"'),
        ("a.json", '{"bars": [{"t": 1}', "there is no bar in it|ends too early"),
        ("a.csv", "", "Found: nothing"),
        ("equity/usa/minute/aapl/20241114_quote.csv", "34200000,1,1,1,1,1,1\n", "ends in _trade.zip"),
        ("equity/usa/minute/aapl/20241199_trade.csv", "34200000,1,1,1,1,1\n", "20241199 must be"),
    ],
)
def test_what_must_be_said_first(tmp_path: Path, file: str, content: str | bytes, message: str) -> None:
    path = write(tmp_path / file, content)
    with pytest.raises(SourceError, match=message) as refused:
        read(path)
    assert str(refused.value).startswith(str(path))


def test_a_headerless_file_of_another_name_needs_its_zone_too(tmp_path: Path) -> None:
    path = write(tmp_path / "data.txt", written.firstrate(ONE))
    with pytest.raises(SourceError, match="--tz America/New_York"):
        read(path, symbol="AAPL")
    assert read(path, symbol="AAPL", zone=written.NEW_YORK).rows == without(ONE, *PLAIN)
