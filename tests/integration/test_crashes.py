"""kill -9 at random moments of a long replay: nothing is lost, nothing wrong is left."""

import random
import shutil
import time
from collections import defaultdict
from typing import cast

import pytest

from app.engine.progress import PROGRESS_KEY, decode_progress
from app.topics import Topic
from tests.integration.bars import random_bars
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment, final
from tests.integration.waiting import eventually
from tests.oracle import differences, final_signals

BARS = 200_000
SYMBOLS = 500
KILLS = 10
TAIL = 5_000


@pytest.mark.timeout(600)
def test_kills_in_mid_batch_lose_nothing(deploy: Deploy) -> None:
    deployment = deploy(batch_max=1000)
    bars = list(random_bars(SYMBOLS, BARS // SYMBOLS, seed=7))
    assert deployment.send(bars) == BARS
    chance = random.Random(7)
    interrupted = 0
    while interrupted < KILLS:
        worker = deployment.start_worker().wait_ready()
        assert deployment.lag() > 0, f"the replay ended after {interrupted} kills"
        await_more_indicators(deployment, chance.randint(500, BARS // (2 * KILLS)))
        await_any_write(deployment, chance)
        worker.kill()
        interrupted += is_mid_batch(deployment)
        if interrupted == KILLS // 2:
            shutil.rmtree(deployment.directory / "data", ignore_errors=True)
    deployment.start_worker().wait_ready()
    deployment.settle()

    expected = final_signals(bars, deployment.settings.strategy)
    assert len(expected) == BARS
    assert differences(expected, final(deployment.signals())) == []
    assert deployment.count(deployment.topics.dead_letters) == 0
    check_tables(deployment, expected)


def await_more_indicators(deployment: Deployment, more: int) -> None:
    """Return when the first agent has sent so many more records, or all."""
    topic = deployment.topics.indicators
    wanted = min(deployment.count(topic) + more, BARS)
    eventually(lambda: deployment.count(topic) >= wanted, 60, deployment.workers[-1].tail)


def await_any_write(deployment: Deployment, chance: random.Random) -> None:
    """Return as soon as one of the outputs or changelogs grows: then a batch is likely to be under way."""
    topics = deployment.topics
    watched = chance.choice([topics.indicators, topics.windows_changelog, topics.signals, topics.signals_changelog])
    before = deployment.count(watched)
    deadline = time.monotonic() + 2
    while deployment.count(watched) == before and time.monotonic() < deadline:
        pass


def is_mid_batch(deployment: Deployment) -> bool:
    """Whether outputs or changelog hold a part of a batch that the state lacks.

    Each batch ends its changelog with the progress record, so what comes behind
    the last one is a part; and so are outputs of bars beyond that progress.
    """
    topics = deployment.topics
    windows, signals = (
        last_of_changelog(deployment, topic) for topic in (topics.windows_changelog, topics.signals_changelog)
    )
    return any(part for _, part in [*windows.values(), *signals.values()]) or any(
        record["source_offset"] >= windows.get(record["source_partition"], (0, False))[0]
        for record in deployment.indicators(TAIL)
    )


def last_of_changelog(deployment: Deployment, topic: Topic) -> dict[int, tuple[int, bool]]:
    """By partition the offset that its state has come to, and whether records of another batch come behind."""
    found = {}
    for message in deployment.messages(topic, TAIL):
        partition = cast(int, message.partition())
        if message.key() == PROGRESS_KEY:
            found[partition] = (decode_progress(cast(bytes, message.value()))[1], False)
        else:
            found[partition] = (found.get(partition, (0, False))[0], True)
    return found


def check_tables(deployment: Deployment, expected: list[dict[str, object]]) -> None:
    """What the API shows of each symbol is the newest of what is expected."""
    by_symbol = defaultdict(list)
    for signal in expected:
        by_symbol[signal["symbol"]].append(signal)
    worker = deployment.workers[-1]
    for symbol, signals in by_symbol.items():
        shown = worker.get(f"/signals/{symbol}?limit=1000").json()["signals"]
        assert [each["action"] for each in shown] == [each["action"] for each in reversed(signals[-50:])]
        window = worker.get(f"/windows/{symbol}").json()
        assert window["bars_seen"] == len(signals)
        assert [bar["close"] for bar in window["bars"]] == [each["close"] for each in signals[-60:]]
