from pathlib import Path

import pytest

from app.sources.base import SourceError
from app.sources.files.bar_rows import BadRow, BarRow
from app.sources.files.cells import Layout, read_row, split
from app.sources.files.column_headers import OURS, header_layout
from app.sources.files.file_start import FileStart
from app.sources.files.inputs import Input
from app.sources.files.options import FileOptions

HEADER = ["symbol", "timestamp", "open", "high", "low", "close", "volume", "trade_count", "vwap"]
GOOD = "AAPL,2024-11-14T14:30:00Z,189,190.5,188.25,189.75,1200,37,189.6\n"


def layout(header: list[str] = HEADER) -> Layout:
    start = FileStart(Input(Path("bars.csv")), b"", "UTF-8", (",".join(header),), ",")
    return header_layout(start, FileOptions(), OURS)


def read(line: str, header: list[str] = HEADER) -> BarRow:
    return read_row(split(line), layout(header))


def test_a_line_becomes_a_bar() -> None:
    assert read(GOOD) == BarRow("AAPL", 1_731_594_600_000, 189.0, 190.5, 188.25, 189.75, 1200.0, 37, 189.6)


def test_columns_stand_in_any_order_and_case_and_optional_ones_may_lack() -> None:
    header = [" Close", "VOLUME", "Symbol", "note", "low", "high", "open", "TimeStamp "]
    row = read('189.75,1200.5," AAPL ",whatever,188.25,190.5,189,1731594600000\n', header)
    assert row == BarRow("AAPL", 1_731_594_600_000, 189.0, 190.5, 188.25, 189.75, 1200.5)


def test_empty_optional_fields_are_null_and_a_count_may_be_written_as_a_float() -> None:
    row = read("AAPL,1731594600,1,1,1,1,0,,")
    assert row.trade_count is row.vwap is None
    assert read("AAPL,1731594600,1,1,1,1,0,12.0,").trade_count == 12


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("AAPL,1731594600,1,1,1", "it has 5 fields, the first line has 9"),
        (GOOD.strip() + ",extra", "it has 10 fields, the first line has 9"),
        (GOOD.replace("189.75", "n/a"), "close is 'n/a', not a number"),
        (GOOD.replace(",37,", ",3.5,"), "trade_count is '3.5', not a number"),
        (GOOD.replace(",37,", ",inf,"), "trade_count is 'inf', not a number"),
        (GOOD.replace("2024-11-14T14:30:00Z", "yesterday"), "timestamp is 'yesterday'"),
        (GOOD.replace("AAPL", ""), "symbol is empty"),
        (GOOD.replace("188.25", "-1"), "low is -1.0"),
        (GOOD.replace("189.75", "nan"), "close is nan"),
        (GOOD.replace("190.5", "180"), "high is 180.0"),
        (GOOD.replace("14:30:00", "14:30:01"), "not the start of a minute"),
        ('"AAPL,2024-11-14T14:30:00Z,189,190.5,188.25,189.75,1200,37,189.6\n', "not CSV"),
        ("AAPL\udcff" + GOOD, "not UTF-8"),
    ],
)
def test_what_is_wrong_with_a_line_is_said(line: str, why: str) -> None:
    with pytest.raises(ValueError, match=why.replace("(", r"\(")):
        read(line)


def test_a_header_without_a_required_column_says_what_is_missing_and_what_is_there() -> None:
    with pytest.raises(SourceError, match=r"Missing: timestamp, volume\. Found: symbol, time, open, high, low, close"):
        layout(["symbol", "time", "open", "high", "low", "close"])
    with pytest.raises(SourceError, match="Found: nothing"):
        layout([])


def test_a_column_that_is_there_twice_is_refused() -> None:
    with pytest.raises(SourceError, match="more than once: close"):
        layout([*HEADER, "Close"])


def test_quoted_fields_may_hold_commas() -> None:
    assert split('"BRK,B",1\n') == ["BRK,B", "1"]


@pytest.mark.parametrize("close", ["189_75", "١٨٩", "0x1p3", "1 8", "true"])
def test_what_only_looks_like_a_number_to_python_is_none(close: str) -> None:
    with pytest.raises(BadRow, match=r"close is .*, not a number"):
        read(GOOD.replace("189.75", close))


@pytest.mark.parametrize("close", [" 189.75 ", "+189.75", "1.8975e2", "189.750000000000001"])
def test_a_number_may_be_written_as_programs_do(close: str) -> None:
    assert read(GOOD.replace("189.75", close)).close == 189.75


def test_a_line_without_an_end_is_none() -> None:
    with pytest.raises(BadRow, match="16,384 characters"):
        split("x" * 16_384)
