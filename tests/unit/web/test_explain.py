"""GET /signals/{symbol}/explain, and the lines of docs/read.md that compute its numbers again."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.cli.explain import lines
from app.domain.records import MINUTE_MS, Bar
from app.domain.strategy import Strategy
from app.strategies.rule_file import load_rule
from app.times import iso
from tests.unit.domain.walks import WALKS
from tests.unit.web.conftest import RUN
from tests.unit.web.fake import FakeReader
from tests.unit.web.made_series import START, MadeSeries, bar, fold, folding, series

DOCS = Path(__file__).parents[3] / "docs" / "read.md"
WALK = WALKS["dollars"][:120]


def again() -> Any:
    """The function in the docs."""
    (code,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102
    return names["again"]


@pytest.fixture
def walked(reader: FakeReader) -> MadeSeries:
    made = series(RUN, "WALK", WALK)
    reader.series.append(made)
    return made


def minute(number: int) -> str:
    return iso(START + number * MINUTE_MS)


async def explain(client: httpx.AsyncClient, **query: str) -> dict[str, Any]:
    answer = await client.get("/signals/WALK/explain", params=query)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_the_ten_lines_of_the_docs_compute_every_ready_bar_again(
    client: httpx.AsyncClient, walked: MadeSeries
) -> None:
    compute = again()
    for number in range(49, len(WALK)):
        told = await explain(client, at=minute(number))
        signal = told["signal"]
        assert compute(told) == pytest.approx((signal["sma_fast"], signal["sma_slow"], signal["rsi"]), rel=1e-12)
        assert signal["timestamp"] == minute(number)
        assert (told["sma_fast"]["complete"], told["sma_slow"]["complete"]) == (True, True)


async def test_step_by_step_back_to_where_the_rsi_was_seeded(client: httpx.AsyncClient, walked: MadeSeries) -> None:
    """By hand, from the closes alone: sums, the first averages, then the recursion."""
    gain = loss = 0.0
    for number in range(len(WALK)):
        rsi = (await explain(client, at=minute(number)))["rsi"]
        if number == 0:
            assert (rsi["previous"], rsi["change"], rsi["step"]) == (None, None, "sum")
            continue
        change = WALK[number] - WALK[number - 1]
        assert (rsi["previous"]["close"], rsi["previous"]["timestamp"]) == (WALK[number - 1], minute(number - 1))
        assert (rsi["previous"]["gain"], rsi["previous"]["loss"]) == pytest.approx((gain, loss), rel=1e-12)
        assert rsi["change"] == change
        kept = 13 if number > 14 else 1
        gain, loss = gain * kept + max(change, 0), loss * kept + max(-change, 0)
        if number >= 14:
            gain, loss = gain / 14, loss / 14
        assert (rsi["gain"], rsi["loss"]) == pytest.approx((gain, loss), rel=1e-12)
        assert rsi["step"] == ("sum" if number < 14 else "first" if number == 14 else "recursion")
        assert rsi["seed"]["bar"] == 15
        assert rsi["seed"]["timestamp"] == (minute(14) if number >= 14 else None)
        assert rsi["seed"]["weight"] == pytest.approx((13 / 14) ** max(0, number - 14))


async def test_the_newest_with_all_around_it(client: httpx.AsyncClient, walked: MadeSeries) -> None:
    told = await explain(client)
    (signal,) = (await client.get("/signals/WALK?limit=1")).json()["signals"]
    assert told["signal"] == signal
    assert (told["run_id"], told["run_reason"]) == (RUN, "newest replay: no live run")
    assert told["position"] == {"topic": "stocks.raw.avro", "topic_id": "topic", "partition": 0, "offset": 11}
    assert told["rule"]["says"].startswith("BUY when RSI < 30 and SMA-20 > SMA-50, SELL when RSI > 70 and")
    assert (told["rule"]["fast"], told["rule"]["slow"], told["rule"]["warm_up"]) == (20, 50, 50)
    assert [close["close"] for close in told["sma_slow"]["closes"]] == WALK[-50:]
    assert told["sma_fast"]["closes"] == told["sma_slow"]["closes"][-20:]
    assert told["revision"] == {"revision": 0, "cause": None}


@pytest.mark.parametrize(
    ("changed", "kind", "at"),
    [
        (bar(RUN, "WALK", START + 57 * MINUTE_MS, 1.0, "backfill"), "corrected", 57),
        (bar(RUN, "WALK", START + 55 * MINUTE_MS, 1.0, "backfill"), "late", 55),
    ],
)
async def test_a_revision_names_the_bar_that_caused_it(
    client: httpx.AsyncClient, reader: FakeReader, changed: Bar, kind: str, at: int
) -> None:
    closes = {number: close for number, close in enumerate(WALK[:60]) if number != 55}
    pipeline = folding()
    fold(pipeline, [bar(RUN, "WALK", START + number * MINUTE_MS, close, "live") for number, close in closes.items()])
    fold(pipeline, [changed], START + 10**6)
    reader.series.append(MadeSeries(RUN, "WALK", pipeline.table.by_number(b"\x00".join((RUN.encode(), b"WALK")))))
    told = await explain(client)
    assert told["revision"]["revision"] == 1
    cause = told["revision"]["cause"]
    assert (cause["kind"], cause["timestamp"], cause["origin"]) == (kind, minute(at), "backfill")
    assert f"as the bar of {minute(at)} was {kind} (origin backfill)" in "\n".join(lines(told))
    assert (await explain(client, at=minute(50)))["revision"] == {"revision": 0, "cause": None}


async def test_a_time_without_a_bar_names_those_around_it(client: httpx.AsyncClient, reader: FakeReader) -> None:
    reader.series.append(series(RUN, "WALK", [1.0, 2.0]))
    answer = await client.get("/signals/WALK/explain", params={"at": "2024-11-14T14:30:30Z"})
    assert answer.status_code == 404
    assert answer.json() == {
        "type": "/problems/no-bar",
        "title": "The symbol has no bar at that time",
        "status": 404,
        "instance": "/signals/WALK/explain",
        "detail": "WALK has no bar of 2024-11-14T14:30:30Z: the nearest are those of "
        "2024-11-14T14:30:00Z and 2024-11-14T14:31:00Z.",
        "near": ["2024-11-14T14:30:00Z", "2024-11-14T14:31:00Z"],
    }
    assert (await client.get("/signals/NONE/explain")).status_code == 404
    assert (await client.get("/signals/WALK/explain?when=now")).status_code == 422


async def test_a_rule_of_ones_own_says_what_is_known_and_what_is_not(
    client: httpx.AsyncClient, reader: FakeReader
) -> None:
    reader.strategy = strategy = Strategy(own_rule=load_rule("bollinger_bands"))
    bars = [bar(RUN, "WALK", START + number * MINUTE_MS, close, "live") for number, close in enumerate(WALK)]
    pipeline = folding(strategy)
    fold_rows = pipeline.feed(bars)
    reader.series.append(MadeSeries(RUN, "WALK", pipeline.table.by_number(b"\x00".join((RUN.encode(), b"WALK")))))
    told = await explain(client)
    assert told["signal"]["own_indicators"] == fold_rows[-1]["own_indicators"] != {}
    assert (told["rule"]["buy_below"], told["rule"]["sell_above"]) == (None, None)
    assert "its code is not known here" in told["rule"]["says"]
    assert "  own        band_middle " in "\n".join(lines(told))


async def test_lines_for_a_person(client: httpx.AsyncClient, walked: MadeSeries) -> None:
    said = "\n".join(lines(await explain(client)))
    row = walked.rows[-1]
    assert f"SMA slow   {row.sma_slow!r}: the sum of 50 closes / 50" in said
    assert f"gain     {row.gain!r} = ({walked.rows[-2].gain!r} x 13 + " in said
    assert "up to stocks.raw.avro[0]@11" in said
    told = await explain(client)
    told["signal"]["source"] = "csv:\x1b[2J.csv"
    assert all(line.isprintable() for line in lines(told))
    first = "\n".join(lines(await explain(client, at=minute(3))))
    assert "SMA slow   none: 4 of 50 closes" in first
    assert "RSI        none yet" in first


async def test_an_old_bar_whose_closes_are_no_longer_kept_says_so(
    client: httpx.AsyncClient, reader: FakeReader
) -> None:
    made = series(RUN, "WALK", WALK)
    reader.series.append(MadeSeries(RUN, "WALK", made.rows[60:]))
    told = await explain(client, at=minute(65))
    assert (len(told["sma_slow"]["closes"]), told["sma_slow"]["complete"]) == (6, False)
    assert "only 6 of the closes are still kept (KEEP_BARS)" in "\n".join(lines(told))
    assert (await explain(client, at=minute(60)))["rsi"]["previous"] is None
