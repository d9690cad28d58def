import pytest

from app.sources.base import SourceError
from app.sources.files.options import parse_map, parse_symbol, parse_zone
from tests.unit.sources.files import written
from tests.unit.sources.files.written import made, read, write


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ('close="Adj Close",timestamp=Date+Time', {"close": ("Adj Close",), "timestamp": ("Date", "Time")}),
        ("close=Adj Close, timestamp = Date + Time", {"close": ("Adj Close",), "timestamp": ("Date", "Time")}),
        ('symbol="a ""b"", c+d=e"', {"symbol": ('a "b", c+d=e',)}),
        ("Close=c", {"close": ("c",)}),
    ],
)
def test_our_columns_are_on_the_left(text: str, columns: dict[str, tuple[str, ...]]) -> None:
    assert parse_map(text) == columns


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("close", "for example --map"),
        ("close=", "for example --map"),
        ('close="x', "for example --map"),
        ("price=x", "'price' is not a column of ours: they are symbol, timestamp"),
        ("close=a,close=b", "close is there twice"),
        ("close=a+b", "Only a timestamp is made of several columns"),
    ],
)
def test_what_is_no_map_is_explained(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_map(text)


def test_zones_and_symbols() -> None:
    assert str(parse_zone("America/New_York")) == "America/New_York"
    for text in ("Mars", "../etc/passwd", "", "America"):
        with pytest.raises(ValueError, match="is not a time zone: give one by its name"):
            parse_zone(text)
    assert parse_symbol("BRK.B") == "BRK.B"
    with pytest.raises(ValueError, match="without white space"):
        parse_symbol("A B")


def test_a_file_of_other_names(tmp_path) -> None:  # type: ignore[no-untyped-def]
    rows = made()
    lines = "".join(
        f"{row.symbol};{written.when(row, written.NEW_YORK):%Y-%m-%d;%H:%M};{written.prices(row).replace(',', ';')};7\n"
        for row in rows
    )
    path = write(tmp_path / "a.csv", "Sym;Date;Time;Open;High;Low;Adj Close;Vol\n" + lines)
    columns = parse_map('symbol=Sym,timestamp=Date+Time,close="Adj Close",volume=vol')
    found = read(path, columns=columns, zone=written.NEW_YORK)
    assert found.rows == [row._replace(volume=7.0, trade_count=None, vwap=None) for row in rows]
    with pytest.raises(SourceError, match=r"--map: 'Adjusted' is no column .* Found: Sym, Date, Time"):
        read(path, columns=parse_map("close=Adjusted"))


def test_a_map_changes_only_what_it_names(tmp_path) -> None:  # type: ignore[no-untyped-def]
    text = written.yahoo(made()).replace("Dividends", "Adj Close").replace(",0.0,0.0\n", ",225.125,0.0\n")
    found = read(write(tmp_path / "a.csv", text), columns=parse_map('close="Adj Close"'), symbol="AAPL")
    assert {row.close for row in found.rows} == {225.125}
