"""GET /market and GET /session."""

from datetime import datetime

import httpx
import pytest

from app.times import iso
from tests.unit.web.conftest import OLD, RUN
from tests.unit.web.fake import FakeReader
from tests.unit.web.made_series import START
from web.routes.market import market_at


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("now", "is_open", "last", "following"),
    [
        ("2024-11-14T14:29:59Z", False, "2024-11-13T21:00:00Z", "2024-11-14T14:30:00Z"),
        ("2024-11-14T14:30:00Z", True, "2024-11-14T14:30:00Z", "2024-11-14T21:00:00Z"),
        ("2024-11-14T20:59:59Z", True, "2024-11-14T14:30:00Z", "2024-11-14T21:00:00Z"),
        ("2024-11-14T21:00:00Z", False, "2024-11-14T21:00:00Z", "2024-11-15T14:30:00Z"),
        # The weekend on which clocks change; Thanksgiving and the half day after it.
        ("2024-11-02T12:00:00Z", False, "2024-11-01T20:00:00Z", "2024-11-04T14:30:00Z"),
        ("2024-11-28T16:00:00Z", False, "2024-11-27T21:00:00Z", "2024-11-29T14:30:00Z"),
        ("2024-11-29T17:59:00Z", True, "2024-11-29T14:30:00Z", "2024-11-29T18:00:00Z"),
    ],
)
def test_the_market_by_the_calendar(now: str, is_open: bool, last: str, following: str) -> None:
    state = market_at(ms(now))
    assert (state.now, state.open, state.last_change, state.next_change) == (now, is_open, last, following)


def test_outside_the_calendar_nothing_is_known() -> None:
    assert market_at(ms("1980-01-01T00:00:00Z")).last_change is None
    assert market_at(ms("2100-06-01T00:00:00Z")).next_change is None


async def test_the_market_now(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/market")).json()
    assert answer["last_change"] <= answer["now"] <= answer["next_change"]


async def test_opens_and_last_transitions(client: httpx.AsyncClient, reader: FakeReader) -> None:
    answer = (await client.get("/session")).json()
    assert answer["run_id"] == RUN
    assert (answer["session_open"], answer["next_open"]) == (iso(START), "2024-11-15T14:30:00Z")
    assert answer["symbols"] == ["AAPL", "GOOGL", "SPY"]
    assert answer["opens"] == [100.0, 50.0, 100.0]
    signals = next(each.signals() for each in reader.series if (each.run_id, each.symbol) == (RUN, "AAPL"))
    turned = next(signal for signal in signals if signal["transition"])
    assert (answer["transitions"][0], answer["actions"][0]) == (iso(turned["timestamp"]), turned["action"])
    assert (answer["transitions"][1], answer["actions"][1]) == (None, None)
    assert (await client.get(f"/session?run={OLD}")).json()["symbols"] == ["OLD"]


async def test_without_a_run_there_is_no_session(client: httpx.AsyncClient, reader: FakeReader) -> None:
    reader.series.clear()
    answer = (await client.get("/session")).json()
    assert (answer["run_id"], answer["session_open"], answer["symbols"]) == (None, None, [])
