import httpx
import pytest

from app.calendar.sessions import session_gap
from app.domain.records import MINUTE_MS, Bar
from app.sources.timestamps import parse_timestamp
from tests.unit.web.conftest import RUN
from tests.unit.web.fake import FakeReader
from tests.unit.web.made_series import START, STRATEGY, MadeSeries, bar, fold, folding, pullback, series


async def test_every_bar_of_the_series_oldest_first(client: httpx.AsyncClient, reader: FakeReader) -> None:
    answer = (await client.get("/windows/GOOGL")).json()
    assert [bar["timestamp"] for bar in answer["bars"]][:2] == ["2024-11-14T14:30:00Z", "2024-11-14T14:31:00Z"]
    sent = [{**bar(RUN, "GOOGL", START + minute * MINUTE_MS, 50.0, "replay")} for minute in range(12)]
    assert [
        {**shown, "timestamp": parse_timestamp(shown["timestamp"]), "run_id": RUN, "symbol": "GOOGL"}
        for shown in answer["bars"]
    ] == [{**each, "gap_minutes": 0 if number else None, "revision": 0} for number, each in enumerate(sent)]
    assert answer["position"] == {"topic": "stocks.raw.avro", "topic_id": "topic", "partition": 0, "offset": 11}
    assert (answer["bars_seen"], answer["strategy"]) == (12, STRATEGY.name)
    assert answer["series_start"] is None


async def test_as_many_bars_as_asked_for(client: httpx.AsyncClient, reader: FakeReader) -> None:
    reader.series.append(series(RUN, "LONG", pullback(300)))
    everything = (await client.get("/windows/LONG?limit=10000")).json()["bars"]
    assert len(everything) == 300
    assert (await client.get("/windows/LONG")).json()["bars"][1:] == everything[-59:]
    newest = (await client.get("/windows/LONG?limit=1")).json()
    assert [{**bar, "gap_minutes": 0} for bar in newest["bars"]] == everything[-1:]
    assert newest["bars_seen"] == 300


async def test_gaps_and_the_split_that_a_series_starts_with(client: httpx.AsyncClient, reader: FakeReader) -> None:
    closes = {"2024-11-14T20:58": 96.0, "2024-11-14T20:59": 96.2, "2024-11-15T14:30": 24.1, "2024-11-15T14:33": 24.2}
    bars: list[Bar] = [
        {**bar(RUN, "X", parse_timestamp(f"{time}:00Z"), close, "live"), "open": close, "adjustment": "raw"}
        for time, close in closes.items()
    ]
    rows = fold(folding(gap=session_gap()), bars)
    reader.series.append(MadeSeries(RUN, "X", rows))
    answer = (await client.get("/windows/X")).json()
    assert [bar["gap_minutes"] for bar in answer["bars"]] == [None, 0, 0, 2]
    assert {bar["adjustment"] for bar in answer["bars"]} == {"raw"}
    assert answer["bars_seen"] == 2
    assert answer["series_start"] == {
        "timestamp": "2024-11-15T14:30:00Z",
        "reason": "split_suspected",
        "explanation": "opened at 24.10 after 96.20: looks like a 4:1 split, so the averages start over",
        "previous_close": 96.2,
        "open": 24.1,
    }


async def test_the_indicators_are_those_of_the_newest_signal(client: httpx.AsyncClient) -> None:
    for symbol in ("AAPL", "SPY"):
        indicators = (await client.get(f"/windows/{symbol}")).json()["indicators"]
        (signal,) = (await client.get(f"/signals/{symbol}?limit=1")).json()["signals"]
        assert indicators == {name: signal[name] for name in indicators}


async def test_no_indicators_before_there_are_enough_bars(client: httpx.AsyncClient) -> None:
    assert (await client.get("/windows/GOOGL")).json()["indicators"] == {
        "timestamp": "2024-11-14T14:41:00Z",
        "sma_fast": None,
        "sma_slow": None,
        "rsi": None,
        "rsi_seed_weight": 1.0,
        "own_indicators": {},
        "ready": False,
    }


@pytest.mark.parametrize("closes", [[1.0], [1.0, 2.0]])
async def test_a_series_of_few_bars(client: httpx.AsyncClient, reader: FakeReader, closes: list[float]) -> None:
    reader.series.append(series(RUN, "X", closes))
    answer = (await client.get("/windows/X")).json()
    assert (len(answer["bars"]), answer["indicators"]["ready"]) == (len(closes), False)
