import time
from dataclasses import replace
from urllib.parse import quote

import httpx
import pytest

from app.times import from_iso
from tests.unit.web.conftest import OLD, RUN
from tests.unit.web.fake import FakeReader
from tests.unit.web.made_series import pullback, series
from web.reader import Readiness


async def test_newest_bar_first_then_by_symbol(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/signals?limit=3")).json()
    assert answer["run_id"] == RUN
    assert (answer["total"], answer["synthetic"], answer["complete"]) == (132, False, True)
    assert [(each["timestamp"], each["symbol"]) for each in answer["signals"]] == [
        ("2024-11-14T15:29:00Z", "AAPL"),
        ("2024-11-14T15:29:00Z", "SPY"),
        ("2024-11-14T15:28:00Z", "AAPL"),
    ]


@pytest.mark.parametrize(
    "query", ["", "&latest=true", "&action=HOLD", "&since=2024-11-14T15:00:00Z", "&transitions=true"]
)
@pytest.mark.parametrize("path", ["/signals", "/signals/AAPL"])
async def test_longer_lists_go_on_at_the_address_in_next_and_link(
    client: httpx.AsyncClient, reader: FakeReader, path: str, query: str
) -> None:
    if "latest" in query and path != "/signals":
        assert (await client.get(f"{path}?latest=true")).status_code == 422
        return
    whole = (await client.get(f"{path}?limit=1000{query}")).json()
    assert whole["next"] is None
    answer = await client.get(f"{path}?limit=2{query}")
    found = answer.json()["signals"]
    # A run that begins meanwhile changes nothing of the list.
    reader.series.append(series("live-iex", "AAPL", pullback(), origin="live"))
    while address := answer.json()["next"]:
        assert answer.headers["link"] == f'<{address}>; rel="next"'
        answer = await client.get(address)
        assert len(answer.json()["signals"]) <= 2
        found += answer.json()["signals"]
    assert "link" not in answer.headers
    assert found == whole["signals"]


async def test_the_newest_of_each_symbol(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/signals?latest=true")).json()
    assert answer["total"] == 3
    assert [(each["symbol"], each["timestamp"][11:16]) for each in answer["signals"]] == [
        ("AAPL", "15:29"),
        ("GOOGL", "14:41"),
        ("SPY", "15:29"),
    ]
    assert (await client.get("/signals?latest=true&action=BUY")).json()["total"] == 1


@pytest.mark.parametrize("cursor", ["", "AAPL", "soon,AAPL", "2024-11-14T15:29:00Z,", "2024-11-14T15:29:00,AAPL"])
async def test_a_cursor_that_is_none(client: httpx.AsyncClient, cursor: str) -> None:
    answer = await client.get("/signals", params={"cursor": cursor})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(f"cursor={cursor}: it should be a bar's time and a symbol")


async def test_ten_without_a_limit(client: httpx.AsyncClient) -> None:
    assert len((await client.get("/signals")).json()["signals"]) == 10
    assert len((await client.get("/signals/AAPL")).json()["signals"]) == 5


async def test_a_signal_has_every_field_of_the_record(client: httpx.AsyncClient, reader: FakeReader) -> None:
    (answer,) = (await client.get("/signals/AAPL?limit=1")).json()["signals"]
    record = reader.series[1].signals()[0]
    assert answer["explanation"] == "RSI 26.8 < 30 while SMA-20 113.09 > SMA-50 109.71"
    assert answer == {**record, "timestamp": "2024-11-14T15:29:00Z", "emitted_at": "2024-11-14T14:30:00.123Z"}


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ("action=BUY", 1),
        ("action=buy", 1),
        ("action=BUY,SELL", 1),
        ("action=HOLD&action=BUY", 132),
        ("transitions=true", 1),
        ("action=HOLD&transitions=true", 0),
        ("action=SELL", 0),
        ("since=2024-11-14T15:24:00Z", 12),
        ("since=2024-11-14T14:35:00Z&until=2024-11-14T14:37:00Z", 6),
        ("until=2024-11-14T14:30:00Z", 0),
    ],
)
async def test_filters(client: httpx.AsyncClient, query: str, total: int) -> None:
    answer = (await client.get(f"/signals?limit=1000&{query}")).json()
    assert (answer["total"], len(answer["signals"])) == (total, total)


@pytest.mark.parametrize(
    ("query", "minutes"),
    [
        ("since=2024-11-14T15:27:00Z", [29, 28, 27]),
        ("since=2024-11-14T15:27:00.001Z", [29, 28]),
        ("since=2024-11-14T10:28:00-05:00", [29, 28]),
        ("until=2024-11-14T14:32:00Z", [31, 30]),
        ("until=2024-11-14T14:32:00", [31, 30]),
        ("since=2024-11-14T14:35:00Z&until=2024-11-14T14:38:00Z", [37, 36, 35]),
        ("since=2024-11-14T15:00:00Z&until=2024-11-14T15:00:00Z", []),
        ("since=2024-11-14T15:24:00Z&action=BUY", [29]),
        ("since=0001-01-01T00:00:00Z&until=9999-12-31T23:59:59%2B14:00&limit=2", [29, 28]),
    ],
)
async def test_of_one_symbol_between_two_times(client: httpx.AsyncClient, query: str, minutes: list[int]) -> None:
    answer = (await client.get(f"/signals/AAPL?{query}")).json()
    assert [int(each["timestamp"][14:16]) for each in answer["signals"]] == minutes
    assert answer["total"] == (60 if "limit" in query else len(minutes))


async def test_as_many_as_are_kept(client: httpx.AsyncClient, reader: FakeReader) -> None:
    reader.series.append(series(RUN, "LONG", pullback(800)))
    answer = (await client.get("/signals/LONG?limit=10000")).json()
    assert (answer["total"], len(answer["signals"])) == (800, 800)


async def test_another_run_and_that_it_is_synthetic(client: httpx.AsyncClient) -> None:
    for path in ("/signals", "/signals/OLD", "/symbols", "/windows/OLD"):
        answer = (await client.get(path, params={"run": OLD})).json()
        assert (answer["run_id"], answer["synthetic"]) == (OLD, True)


async def test_an_upper_case_symbol_is_found_where_there_is_none_as_spelt(
    client: httpx.AsyncClient, reader: FakeReader
) -> None:
    assert {each["symbol"] for each in (await client.get("/signals/aapl")).json()["signals"]} == {"AAPL"}
    reader.series.append(series(RUN, "aapl", [5.0]))
    assert {each["symbol"] for each in (await client.get("/signals/aapl")).json()["signals"]} == {"aapl"}


async def test_a_symbol_with_a_slash(client: httpx.AsyncClient, reader: FakeReader) -> None:
    reader.series.append(series(RUN, "BRK/B", [5.0]))
    for spelling in ("BRK/B", "BRK%2FB"):
        assert (await client.get(f"/signals/{spelling}")).json()["total"] == 1
        assert (await client.get(f"/windows/{spelling}")).json()["symbol"] == "BRK/B"


async def test_no_data_at_all(client: httpx.AsyncClient, reader: FakeReader) -> None:
    reader.series.clear()
    answer = (await client.get("/signals")).json()
    assert answer == {
        "run_id": None,
        "run_reason": "no run yet",
        "synthetic": False,
        "total": 0,
        "complete": True,
        "partitions": answer["partitions"],
        "next": None,
        "signals": [],
    }
    assert [each["status"] for each in answer["partitions"]] == ["active", "active"]
    of_one = await client.get("/signals/AAPL")
    assert of_one.status_code == 404
    assert "no bars have arrived yet" in of_one.json()["detail"]


@pytest.mark.parametrize("path", ["/signals", "/signals/AAPL", "/windows/AAPL", "/symbols", "/runs"])
async def test_recovering_is_503_with_when_to_come_back(
    client: httpx.AsyncClient, reader: FakeReader, path: str
) -> None:
    reader.state = Readiness(recovering=True, reasons=("3 of 8 partitions are still read.",), retry_after=7)
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")
    assert answer.json() == {
        "type": "/problems/recovering",
        "title": "The worker is restoring its tables",
        "status": 503,
        "detail": "The worker is restoring its tables; try again in 7 s. 3 of 8 partitions are still read.",
        "instance": path,
        "reasons": ["3 of 8 partitions are still read."],
        "recovering": True,
    }


async def test_data_is_served_while_the_worker_is_not_ready_for_other_reasons(
    client: httpx.AsyncClient, reader: FakeReader
) -> None:
    reader.state = replace(reader.state, reasons=("The broker does not answer.",))
    assert (await client.get("/signals")).status_code == 200


async def test_each_partition_is_answered_for(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/signals")).json()
    assert [(each["partition"], each["position"], each["lag"]) for each in answer["partitions"]] == [
        (0, 12, 0),
        (1, 7, 0),
    ]
    assert {each["owner"] for each in answer["partitions"]} == {"http://here:8001"}
    of_one = (await client.get("/signals/AAPL")).json()
    assert (of_one["complete"], of_one["partitions"][0]["position"]) == (True, 12)
    assert len(of_one["partitions"]) == 1
    written = from_iso(answer["partitions"][0]["as_of"])
    assert abs(written - time.time() * 1000) < 60_000


@pytest.mark.parametrize("symbol", ["株", "A?B#C%3F"])
async def test_the_rest_of_any_symbol_has_an_address(
    client: httpx.AsyncClient, reader: FakeReader, symbol: str
) -> None:
    reader.series = [series(RUN, symbol, [50.0] * 5)]
    answer = await client.get(f"/signals/{quote(symbol, safe='')}", params={"limit": 2})
    assert answer.headers["link"] == f'<{answer.json()["next"]}>; rel="next"'
    assert (await client.get(answer.json()["next"])).json()["signals"][0]["symbol"] == symbol
