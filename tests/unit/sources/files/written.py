"""The same bars in every form, as its programs write them."""

import datetime
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from app.sources.base import Fault
from app.sources.files.bar_files import BarFiles
from app.sources.files.bar_rows import BarRow
from app.sources.files.inputs import Stdin, standard_input
from app.sources.files.options import FileOptions

NEW_YORK, WARSAW = ZoneInfo("America/New_York"), ZoneInfo("Europe/Warsaw")
OPENING = datetime.datetime(2024, 11, 14, 14, 30, tzinfo=datetime.UTC)


def made(symbol: str = "AAPL", count: int = 5, price: float = 225.0) -> list[BarRow]:
    """One bar a minute from the opening on."""
    rows = []
    for minute in range(count):
        at = OPENING + datetime.timedelta(minutes=minute)
        close = price + minute / 4
        rows.append(
            BarRow(
                symbol, int(at.timestamp() * 1000), price, close + 0.5, price - 0.25, close, 1000.0 + minute, 37, price
            )
        )
    return rows


def when(row: BarRow, zone: datetime.tzinfo = datetime.UTC) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(row.timestamp / 1000, zone)


def iso(row: BarRow) -> str:
    return when(row).isoformat().replace("+00:00", "Z")


def prices(row: BarRow) -> str:
    return f"{row.open},{row.high},{row.low},{row.close}"


def own(rows: Sequence[BarRow]) -> str:
    lines = (f"{r.symbol},{iso(r)},{prices(r)},{r.volume},{r.trade_count},{r.vwap}\n" for r in rows)
    return "symbol,timestamp,open,high,low,close,volume,trade_count,vwap\n" + "".join(lines)


def german(rows: Sequence[BarRow]) -> str:
    lines = own(rows).replace(",", ";").splitlines()
    return "\n".join([lines[0], *(line.replace(".", ",") for line in lines[1:])]) + "\n"


def alpaca_csv(rows: Sequence[BarRow]) -> str:
    lines = (
        f"{r.symbol},{r.close},{r.high},{r.low},{r.trade_count},{r.open},{iso(r)},{r.volume:.0f},{r.vwap}\n"
        for r in rows
    )
    return "S,c,h,l,n,o,t,v,vw\n" + "".join(lines)


def _json_bar(r: BarRow) -> dict[str, object]:
    return {
        "c": r.close,
        "h": r.high,
        "l": r.low,
        "n": r.trade_count,
        "o": r.open,
        "t": iso(r),
        "v": r.volume,
        "vw": r.vwap,
    }


def alpaca_json(rows: Sequence[BarRow]) -> str:
    answer = {"bars": [_json_bar(row) for row in rows], "next_page_token": None, "symbol": rows[0].symbol}
    return json.dumps(answer, separators=(",", ":"))


def alpaca_json_of_many(rows: Sequence[BarRow]) -> str:
    bars: dict[str, list[object]] = {}
    for row in rows:
        bars.setdefault(row.symbol, []).append(_json_bar(row))
    return json.dumps({"bars": bars, "next_page_token": None}, indent=2)


def polygon(rows: Sequence[BarRow]) -> str:
    lines = (
        f"{r.symbol},{r.volume:.0f},{r.open},{r.close},{r.high},{r.low},{r.timestamp}000000,{r.trade_count}\n"
        for r in rows
    )
    return "ticker,volume,open,close,high,low,window_start,transactions\n" + "".join(lines)


def yahoo(rows: Sequence[BarRow]) -> str:
    lines = (f"{when(r, NEW_YORK)},{prices(r)},{r.volume:.0f},0.0,0.0\n" for r in rows)
    return "Datetime,Open,High,Low,Close,Volume,Dividends,Stock Splits\n" + "".join(lines)


def yahoo_wide(rows: Sequence[BarRow]) -> str:
    """As yfinance.download(["AAPL", "MSFT"], interval="1m").to_csv() since its version 0.2.51."""
    symbols = sorted({row.symbol for row in rows})
    names = ("Close", "High", "Low", "Open", "Volume")
    lines = [
        ",".join(["Price", *(name for name in names for _ in symbols)]),
        ",".join(["Ticker", *(symbol for _ in names for symbol in symbols)]),
        ",".join(["Datetime", *("" for _ in names for _ in symbols)]),
    ]
    for time in sorted({row.timestamp for row in rows}):
        at = {row.symbol: row for row in rows if row.timestamp == time}
        cells = [str(getattr(at[symbol], name.lower())) if symbol in at else "" for name in names for symbol in symbols]
        lines.append(",".join([str(when(next(iter(at.values())))), *cells]))
    return "\n".join(lines) + "\n"


def stooq(rows: Sequence[BarRow]) -> str:
    lines = (
        f"{r.symbol},1,{when(r, WARSAW):%Y%m%d},{when(r, WARSAW):%H%M%S},{prices(r)},{r.volume:.0f},0\n" for r in rows
    )
    return "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n" + "".join(lines)


def firstrate(rows: Sequence[BarRow]) -> str:
    return "".join(f"{when(r, NEW_YORK):%Y-%m-%d %H:%M:%S},{prices(r)},{r.volume:.0f}\n" for r in rows)


def lean(rows: Sequence[BarRow]) -> bytes:
    """A zip file of one symbol's day."""
    lines = []
    for r in rows:
        clock = when(r, NEW_YORK)
        cells = [(clock.hour * 60 + clock.minute) * 60_000, *(round(each * 10_000) for each in r[2:6]), int(r.volume)]
        lines.append(",".join(map(str, cells)) + "\n")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        name = f"{when(rows[0], NEW_YORK):%Y%m%d}_{rows[0].symbol.lower()}_minute_trade.csv"
        archive.writestr(name, "".join(lines))
    return file.getvalue()


def parquet(rows: Sequence[BarRow], kind: pa.DataType | None = None) -> bytes:
    columns = {name: [getattr(row, name) for row in rows] for name in BarRow._fields}
    times = pa.array(columns.pop("timestamp"), pa.timestamp("ms", "UTC"))
    table = pa.table({"timestamp": times.cast(kind) if kind else times, **columns})
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()


class Read(NamedTuple):
    rows: list[BarRow]
    faults: list[Fault]
    files: BarFiles


def read(
    *paths: Path | str, symbols: frozenset[str] = frozenset(), stdin: Stdin = standard_input, **options: object
) -> Read:
    """Files read to their end."""
    faults: list[Fault] = []
    given = FileOptions(**options)  # type: ignore[arg-type]
    texts = [str(path) for path in paths]
    files = BarFiles(texts, options=given, symbols=symbols, on_fault=faults.append, stdin=stdin)
    rows = [BarRow(*(bar[name] for name in BarRow._fields)) for bar in files.bars()]  # type: ignore[literal-required]
    return Read(rows, faults, files)


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def without(rows: Sequence[BarRow], *names: str) -> list[BarRow]:
    """What a form says of them that has no such columns."""
    nothing: dict[str, Any] = dict.fromkeys(names)
    return [row._replace(**nothing) for row in rows]


Writer = Callable[[Sequence[BarRow]], str | bytes]
