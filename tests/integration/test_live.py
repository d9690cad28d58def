"""`stocks live` with keys: from Alpaca's bars, through Kafka and a worker, to signals."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import cast

import pytest

from app.domain.records import MINUTE_MS, Bar, Signal
from tests.harness.doubles.alpaca import SECRET_KEY, AlpacaDouble, ExchangeSession, RealClock, TradedBars, real_sessions
from tests.harness.doubles.alpaca.exchange import HOUR_MS
from tests.harness.doubles.alpaca.traded_bars import Edition
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment
from tests.integration.producer_service import ProducerProcess
from tests.integration.producing import arrived, environment, popen
from tests.integration.waiting import eventually

SYMBOLS = ("AAPL", "SPY")


@pytest.fixture
def alpaca() -> Iterator[AlpacaDouble]:
    """An exchange that is open now, whatever the day and time, and was on the last days of the real one."""
    clock = RealClock()
    now_ms = clock.now_ms()
    today = datetime.fromtimestamp(now_ms / 1000, UTC).date()
    opened_ms = now_ms // MINUTE_MS * MINUTE_MS - HOUR_MS
    past = [
        session
        for session in real_sessions(today - timedelta(days=30), today)
        if session.close_ms < opened_ms - 12 * HOUR_MS
    ]
    now, next_one = (
        ExchangeSession(start_ms, start_ms + 6 * HOUR_MS) for start_ms in (opened_ms, opened_ms + 24 * HOUR_MS)
    )
    # Without a trade in the last two minutes of a symbol, its first live bar would be a minute away.
    tape = TradedBars(SYMBOLS, [past[-1], now], seed=now_ms, missing=0.0, extended=False)
    with AlpacaDouble(tape, [*past, now, next_one], clock).running() as double:
        yield double


def test_settled_live_signals_follow_soon_after_the_keys_and_corrections_revise_them(
    alpaca: AlpacaDouble, deploy: Deploy
) -> None:
    deployment = deploy(partitions=2)
    deployment.start_worker().wait_ready()
    settings = environment(
        deployment.settings, PRODUCER_PORT="0", SYMBOLS=",".join(SYMBOLS), STREAM="1", **alpaca.environment
    )
    started, started_ms = time.monotonic(), RealClock().now_ms()
    child = popen(["live"], settings)
    try:
        service = ProducerProcess(child)
        eventually(lambda: settled(deployment).keys() == set(SYMBOLS), 120, lambda: f"{service.health()}")
        took_s = time.monotonic() - started
        health = service.until(lambda _: alpaca.stream.listening > 0)
        assert (health["status"], health["source"], health["last_error"]) == ("running", "alpaca-live", None)
        assert health["run_id"] == "live-iex-raw-regular"

        corrected = correction(alpaca, settled(deployment)["AAPL"]["timestamp"])
        alpaca.stream.tell([corrected])
        eventually(
            lambda: (corrected.bar.timestamp, corrected.bar.close) in closes(deployment, "AAPL"),
            60,
            lambda: f"no signal of {corrected}: {service.health()}",
        )

        alpaca.stream.refuse(500, times=100)
        alpaca.stream.drop()
        health = service.until(lambda health: health["status"] == "waiting")
        assert "Meanwhile bars come by REST" in health["last_error"]
        alpaca.stream.accept()
        health = service.until(lambda health: health["status"] == "running" and alpaca.stream.listening > 0)
        assert health["last_error"] is None
    finally:
        child.terminate()
        out, err = child.communicate(timeout=20)
    assert child.returncode == 0, err
    assert SECRET_KEY not in out + err
    assert took_s < 60

    deployment.settle()
    bars = [cast(Bar, record.bar) for record in arrived(deployment.settings)]
    assert deployment.wrong_signals(bars) == []
    # They were two minutes old when they could be asked for; a minute more is for the two clocks.
    assert {bar["origin"] for bar in bars if bar["timestamp"] < started_ms - 4 * MINUTE_MS} == {"backfill"}


def settled(deployment: Deployment) -> dict[str, Signal]:
    """Each symbol's newest signal of now, if it is what a series without a beginning would give."""
    return {
        signal["symbol"]: signal
        for signal in sorted(deployment.signals(), key=itemgetter("timestamp"))
        if signal["origin"] == "live" and signal["ready"] and signal["rsi_seed_weight"] < 0.001
    }


def closes(deployment: Deployment, symbol: str) -> set[tuple[int, float]]:
    return {(signal["timestamp"], signal["close"]) for signal in deployment.signals() if signal["symbol"] == symbol}


def correction(alpaca: AlpacaDouble, minute: int) -> Edition:
    """What the stream sends when a late trade changes a bar that was sent."""
    [edition] = [
        edition
        for edition in alpaca.tape.messages("iex")
        if (edition.bar.symbol, edition.bar.timestamp) == ("AAPL", minute)
    ]
    bar = edition.bar
    return edition._replace(kind="u", bar=bar._replace(close=bar.high, volume=bar.volume + 100))
