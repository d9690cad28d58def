"""kill -9 at random moments of a long replay: nothing is lost, nothing is there twice, nothing wrong is left."""

import random
import shutil
import time
from collections import defaultdict

import pytest

from tests.crashing.tables import wrong_disks, wrong_rows
from tests.integration.bars import random_bars
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment, final
from tests.integration.waiting import eventually
from tests.oracle import differences, final_signals

BARS = 200_000
SYMBOLS = 500
KILLS = 10
#: Bars sent before each kill; not every kill finds a transaction open.
SLICE = 8_000


@pytest.mark.timeout(900)
def test_kills_in_mid_batch_lose_and_double_nothing(deploy: Deploy) -> None:
    deployment = deploy(batch_max=1000, partitions=4, session_seconds=6)
    bars = list(random_bars(SYMBOLS, BARS // SYMBOLS, seed=7))
    chance = random.Random(7)
    interrupted = sent = 0
    while interrupted < KILLS:
        # Some more each time, so that there is something to interrupt however fast the worker is.
        sent += deployment.send(bars[sent : sent + SLICE])
        # Not until it is ready: it catches up while it still reads its table into memory.
        worker = deployment.start_worker()
        assert deployment.lag() > 0, f"the replay ended after {interrupted} kills"
        await_more_signals(deployment, chance.randint(500, SLICE // 2), sent)
        await_open_transaction(deployment)
        worker.kill()
        # The broker has a part of a batch, and nobody has said what is to become of it.
        interrupted += deployment.undecided() > 0
        if interrupted == KILLS // 2:
            shutil.rmtree(deployment.directory / "data", ignore_errors=True)
    assert sent + deployment.send(bars[sent:]) == BARS
    worker = deployment.start_worker().wait_ready()
    deployment.settle()

    expected = final_signals(bars, deployment.settings.strategy)
    assert len(expected) == BARS
    signals = final(deployment.signals())
    assert differences(expected, signals) == []
    assert len(signals) == BARS
    assert deployment.count(deployment.topics.dead_letters) == 0
    assert deployment.aborted() > 0
    check_tables(deployment, expected)
    assert worker.terminate() == 0
    assert wrong_rows(deployment.settings, expected, signals) == []
    assert wrong_disks(deployment.settings, [deployment.directory / "data"]) == []


def await_more_signals(deployment: Deployment, more: int, most: int) -> None:
    """Return when so many more are committed, or all."""
    topic = deployment.topics.signals
    wanted = min(deployment.count(topic) + more, most)
    eventually(lambda: deployment.count(topic) >= wanted, 60, deployment.workers[-1].tail)


def await_open_transaction(deployment: Deployment) -> None:
    """Return as soon as the broker has a part of a batch, or when none comes for some time."""
    deadline = time.monotonic() + 2
    while not deployment.undecided() and time.monotonic() < deadline:
        pass


def check_tables(deployment: Deployment, expected: list[dict[str, object]]) -> None:
    """What the API shows of each symbol is what is expected, as far back as tables reach."""
    by_symbol = defaultdict(list)
    for signal in expected:
        by_symbol[signal["symbol"]].append(signal)
    worker, kept = deployment.workers[-1], deployment.settings.keep_bars
    for symbol, signals in by_symbol.items():
        newest = signals[-kept:]
        shown = worker.get(f"/signals/{symbol}?limit={kept}").json()["signals"]
        assert [each["action"] for each in shown] == [each["action"] for each in reversed(newest)]
        window = worker.get(f"/windows/{symbol}?limit={kept}").json()
        assert window["bars_seen"] == signals[-1]["bars_seen"]
        assert [bar["close"] for bar in window["bars"]] == [each["close"] for each in newest]
