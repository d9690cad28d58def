"""kill -9 at random moments of a long replay: nothing is lost, nothing wrong is left."""

import random
import shutil
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import cast

import pytest

from app.domain.key import table_key
from app.domain.records import Signal
from app.engine.progress import PROGRESS_KEY, decode_progress
from app.topics import Topic
from tables.signals_value import summary_of
from tests.integration.bars import random_bars
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment, final
from tests.integration.waiting import eventually
from tests.oracle import differences, final_signals

BARS = 200_000
SYMBOLS = 500
KILLS = 10
TAIL = 6_000


@pytest.mark.timeout(900)
def test_kills_in_mid_batch_lose_nothing(deploy: Deploy) -> None:
    deployment = deploy(batch_max=5000, partitions=4)
    bars = list(random_bars(SYMBOLS, BARS // SYMBOLS, seed=7))
    assert deployment.send(bars) == BARS
    chance = random.Random(7)
    interrupted = 0
    while interrupted < KILLS:
        worker = deployment.start_worker().wait_ready()
        assert deployment.lag() > 0, f"the replay ended after {interrupted} kills"
        await_more_indicators(deployment, chance.randint(500, BARS // (2 * KILLS)))
        await_outputs(deployment, chance.choice([deployment.topics.indicators, deployment.topics.signals]))
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


def await_outputs(deployment: Deployment, watched: Topic) -> None:
    """Return as soon as outputs of an agent appear: then its batch is under way."""
    before = deployment.count(watched)
    deadline = time.monotonic() + 2
    while deployment.count(watched) == before and time.monotonic() < deadline:
        pass


def is_mid_batch(deployment: Deployment) -> bool:
    """Whether outputs or changelog hold a part of a batch that the state lacks.

    Each batch ends its changelog with the progress record, so what comes behind
    the last one is a part; and so are outputs that go beyond the state.
    """
    windows = changelog_tail(deployment, deployment.topics.windows_changelog)
    histories = changelog_tail(deployment, deployment.topics.signals_changelog)
    if any(tail.is_partial for tail in [*windows.values(), *histories.values()]):
        return True
    newest = {key: value for tail in histories.values() for key, value in tail.values.items()}
    return any(
        record["source_offset"] >= windows[record["source_partition"]].progress
        for record in deployment.indicators(TAIL)
        if record["source_partition"] in windows
    ) or any(
        signal["timestamp"] > summary[1]
        for signal in cast(list[Signal], deployment.records(deployment.topics.signals, TAIL))
        if (value := newest.get(table_key(signal["run_id"], signal["symbol"]))) and (summary := summary_of(value))
    )


@dataclass
class Tail:
    """The end of one partition of a changelog."""

    progress: int = 0
    is_partial: bool = False
    values: dict[bytes, bytes] = field(default_factory=dict)


def changelog_tail(deployment: Deployment, topic: Topic) -> dict[int, Tail]:
    """By partition how far the state has come, the last values, and whether records follow the last progress."""
    tails: dict[int, Tail] = defaultdict(Tail)
    for message in deployment.messages(topic, TAIL):
        tail = tails[cast(int, message.partition())]
        key, value = cast(bytes, message.key()), cast(bytes, message.value())
        tail.is_partial = key != PROGRESS_KEY
        if tail.is_partial:
            tail.values[key] = value
        else:
            tail.progress = decode_progress(value)[1]
    return tails


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
        assert window["bars_seen"] == signals[-1]["bars_seen"]
        assert [bar["close"] for bar in window["bars"]] == [each["close"] for each in signals[-60:]]
