"""kill -9 at random moments of a long replay: nothing is lost, nothing is there twice, nothing wrong is left."""

import random
import shutil
import signal
import time
from collections import defaultdict

import pytest

from tests.harness.crashing.members import evict_all
from tests.harness.crashing.tables import wrong_disks, wrong_rows
from tests.harness.oracle import differences, final_signals
from tests.integration.conftest import Deploy
from tests.integration.deployment import DeployedWorker, Deployment, final
from tests.integration.random_bars import random_bars
from tests.integration.waiting import eventually

#: At most; how many it takes is a matter of luck.
BARS = 100_000
SYMBOLS = 250
KILLS = 5
#: Bars sent before each kill, and again when the worker was through with them before it could be frozen.
SLICE = 5_000
#: Bars sent after the last kill: twenty of each symbol.
LAST = 20 * SYMBOLS


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [7, 8])
def test_kills_in_mid_batch_lose_and_double_nothing(deploy: Deploy, seed: int) -> None:
    deployment = deploy(batch_max=200, partitions=4, session_seconds=6)
    bars = list(random_bars(SYMBOLS, BARS // SYMBOLS, seed))
    chance = random.Random(seed)
    sent = 0
    for kill in range(1, KILLS + 1):
        sent += deployment.send(bars[sent : sent + SLICE])
        worker = deployment.start_worker()
        await_more_signals(deployment, chance.randint(500, SLICE // 2), sent)
        while not freeze_in_transaction(deployment, worker, chance):
            assert sent < BARS, "the worker was never frozen within a transaction"
            sent += deployment.send(bars[sent : sent + SLICE])
        # Nobody has said what is to become of what the broker has of the batch.
        worker.kill()
        if kill < KILLS:
            # The last one is waited for, until its session is over.
            evict_all(deployment.settings.kafka_bootstrap or "", deployment.settings.id)
        if kill == KILLS // 2:
            shutil.rmtree(deployment.directory / "data", ignore_errors=True)
    # Those that no worker is killed over are enough for windows that go on after the last kill.
    bars = bars[: sent + LAST]
    sent += deployment.send(bars[sent:])
    worker = deployment.start_worker().wait_ready()
    deployment.settle()

    expected = final_signals(bars, deployment.settings.strategy)
    assert len(expected) == len(bars) == sent
    signals = final(deployment.signals())
    assert differences(expected, signals) == []
    assert len(signals) == sent
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
    # A worker's start is in it.
    eventually(lambda: deployment.count(topic) >= wanted, 120, deployment.workers[-1].tail)


def freeze_in_transaction(deployment: Deployment, worker: DeployedWorker, chance: random.Random) -> bool:
    """Freeze a worker when the broker has a part of a batch; False when nothing is left to be done."""
    while deployment.lag() > 0:
        worker.process.send_signal(signal.SIGSTOP)
        if deployment.undecided() > 0:
            return True
        worker.process.send_signal(signal.SIGCONT)
        # Nothing is awaited: the next look is to come at a random moment of its work.
        time.sleep(chance.uniform(0, 0.05))
    return False


def check_tables(deployment: Deployment, expected: list[dict[str, object]]) -> None:
    """What the API shows of some symbols is what is expected, as far back as tables reach.

    All rows are held against what is expected by `wrong_rows`.
    """
    by_symbol = defaultdict(list)
    for each in expected:
        by_symbol[each["symbol"]].append(each)
    worker, kept = deployment.workers[-1], deployment.settings.keep_bars
    for symbol, signals in list(by_symbol.items())[::10]:
        newest = signals[-kept:]
        shown = worker.get(f"/signals/{symbol}?limit={kept}").json()["signals"]
        assert [one["action"] for one in shown] == [one["action"] for one in reversed(newest)]
        window = worker.get(f"/windows/{symbol}?limit={kept}").json()
        assert window["bars_seen"] == signals[-1]["bars_seen"]
        assert [bar["close"] for bar in window["bars"]] == [each["close"] for each in newest]
