"""Lists as JSON and as CSV, by address and by header."""

import asyncio
import csv
import io
import json
from typing import Any

import httpx
import pandas as pd
import pytest

from app.domain.row import Row
from tests.unit.web.conftest import OLD, RUN
from tests.unit.web.fake import FakeReader
from tests.unit.web.hurried import hurried
from tests.unit.web.made_series import pullback, series
from tests.unit.web.serving import serving
from web.main import create_app
from web.reader import PartitionOwner

LISTS = [("/signals", "signals"), ("/signals/AAPL", "signals"), ("/windows/AAPL", "bars"), ("/symbols", "symbols")]


def rows_of(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


@pytest.mark.parametrize(("path", "rows"), LISTS)
async def test_csv_says_what_json_says(client: httpx.AsyncClient, path: str, rows: str) -> None:
    told = (await client.get(path)).json()[rows]
    table = rows_of(await client.get(f"{path}?format=csv"))
    assert len(table) == len(told) > 0
    for row, cells in zip(told, table, strict=True):
        for name, value in row.items():
            if isinstance(value, str) or value is None:
                assert cells.get(name, "") == (value or ""), name
            elif not isinstance(value, dict):
                assert json.loads(cells[name]) == value, name


@pytest.mark.parametrize(("path", "rows"), LISTS)
async def test_the_header_asks_for_csv_as_well(client: httpx.AsyncClient, path: str, rows: str) -> None:
    by_header = await client.get(path, headers={"Accept": "text/csv"})
    assert by_header.text == (await client.get(f"{path}?format=csv")).text
    assert "Accept" in by_header.headers["vary"].split(", ")
    assert rows in (await client.get(f"{path}?format=json", headers={"Accept": "text/csv"})).json()


async def test_a_symbols_bars_say_whose_they_are(client: httpx.AsyncClient) -> None:
    answer = await client.get("/windows/aapl?format=csv&limit=2")
    assert [(row["run_id"], row["symbol"]) for row in rows_of(answer)] == [(RUN, "AAPL")] * 2
    assert answer.headers["content-disposition"] == 'inline; filename="windows-aapl.csv"'


async def test_what_does_not_fit_in_a_table_is_in_headers(client: httpx.AsyncClient, reader: FakeReader) -> None:
    reader.partitions[1] = PartitionOwner(1, None)
    answer = await client.get(f"/signals?format=csv&limit=100&run={RUN}")
    assert answer.headers["link"] == (
        f'</signals?format=csv&limit=100&run={RUN}&cursor=2024-11-14T14%3A40%3A00Z%2CAAPL>; rel="next"'
    )
    beside = {name: value for name, value in answer.headers.items() if name.startswith("stocks-")}
    assert beside == {
        "stocks-run-id": RUN,
        "stocks-run-reason": "asked for",
        "stocks-complete": "false",
        "stocks-synthetic": "false",
        "stocks-total": "132",
    }
    rest = await client.get(answer.links["next"]["url"])
    assert len(rows_of(answer)) + len(rows_of(rest)) == 132
    assert "link" not in rest.headers
    assert (await client.get(f"/signals?format=csv&run={OLD}")).headers["stocks-synthetic"] == "true"


async def test_names_of_strangers_neither_run_nor_break_headers(client: httpx.AsyncClient, reader: FakeReader) -> None:
    run, symbol = "=cmd|' /C calc'!A0\r\nX: ü", '=1+1"; x="'
    reader.series.append(series(run, symbol, [1.0]))
    (row,) = rows_of(await client.get("/signals", params={"run": run, "format": "csv"}))
    assert (row["run_id"], row["symbol"]) == (f"'{run}", f"'{symbol}")
    answer = await client.get("/windows/%3D1%2B1%22%3B%20x%3D%22", params={"run": run, "format": "csv"})
    assert answer.headers["stocks-run-id"] == "=cmd%7C' /C calc'!A0%0D%0AX: %C3%BC"
    assert answer.headers["content-disposition"] == 'inline; filename="windows-1-1-x.csv"'
    assert rows_of(answer)[0]["symbol"] == f"'{symbol}"


async def test_errors_are_no_tables(client: httpx.AsyncClient) -> None:
    for path in ("/signals/NONE?format=csv", "/signals?format=csv&limit=0", "/signals?format=xml"):
        answer = await client.get(path, headers={"Accept": "text/csv"})
        assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "format=xml: it should be json or csv."


async def test_json_is_what_the_model_says(client: httpx.AsyncClient, reader: FakeReader) -> None:
    """Texts that look like the place where the rows go are texts."""
    run = '"signals":[],"symbols":[]'
    reader.series.append(series(run, "X", [1.0, 2.0]))
    for path, rows in (("/signals", "signals"), ("/symbols", "symbols")):
        told = (await client.get(path, params={"run": run})).json()
        assert (told["run_id"], len(told[rows])) == (run, 2 if rows == "signals" else 1)


@pytest.mark.parametrize("format_", ["json", "csv"])
@pytest.mark.parametrize("path", ["/signals/LONG", "/windows/LONG"])
def test_a_long_list_gives_way_to_others_between_its_rows(path: str, format_: str) -> None:
    app = create_app(FakeReader(series(RUN, "LONG", pullback(300))))

    async def ask() -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://worker") as client:
            # Not packed: that is done in a thread, and others have their turns meanwhile.
            headers = {"Accept-Encoding": "identity"}
            asked = asyncio.create_task(client.get(path, params={"limit": 300, "format": format_}, headers=headers))
            had_a_turn = 0
            while not asked.done():
                await asyncio.sleep(0)
                had_a_turn += 1
            assert (await asked).status_code == 200
            return had_a_turn

    assert hurried(ask()) > 2 * 300


def test_pandas_reads_by_address(reader: FakeReader) -> None:
    with serving(create_app(reader)) as url:
        signals = pd.read_csv(f"{url}/signals?format=csv&limit=1000", parse_dates=["timestamp", "emitted_at"])
        bars = pd.read_csv(f"{url}/windows/AAPL?format=csv", parse_dates=["timestamp"], index_col="timestamp")
        symbols = pd.read_csv(f"{url}/symbols?format=csv")
    assert (len(signals), str(signals["timestamp"].dt.tz), signals["transition"].dtype) == (132, "UTC", bool)
    rows: list[Row] = list(reader.series[1].rows)
    assert list(bars["close"]) == [row.close for row in rows]
    assert bars["close"].rolling(20).mean().iloc[-1] == pytest.approx(rows[-1].sma_fast)
    told: dict[str, Any] = symbols.set_index("symbol").loc["GOOGL"].to_dict()
    assert told == {"newest_bar": "2024-11-14T14:41:00Z", "action": "HOLD", "bars": 12}
