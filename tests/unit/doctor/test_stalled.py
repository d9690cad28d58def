"""Partitions that readers cannot get past."""

import time
from typing import cast

from app.doctor.finding import Finding
from app.doctor.stalled import check_stalled
from app.kafka.broker import Broker
from app.settings import Settings
from tests.unit.kafka.memory_broker import MemoryBroker

SIGNALS = "dips.stocks.signals"


def test_where_nobody_writes_it_is_known_at_once(ours: Settings, broker: MemoryBroker) -> None:
    slept: list[float] = []
    findings = list(check_stalled(ours, cast(Broker, broker), sleep=slept.append))
    assert findings == [Finding("ok", "transactions", "no reader of the 8 partitions stands still")]
    assert slept == []


def test_one_that_stands_before_an_open_transaction_is_broken_and_named(ours: Settings, broker: MemoryBroker) -> None:
    broker.topics[SIGNALS].extents[1] = (0, 90)
    broker.stable[SIGNALS, 1] = 40

    def sleep(_: float) -> None:
        time.sleep(0.02)

    [finding] = check_stalled(ours, cast(Broker, broker), limit_seconds=0.01, sleep=sleep)
    assert finding.level == "broken"
    assert finding.message.startswith(f"{SIGNALS}[1] has stood still at offset 40 of 90")
    assert f"--topic {SIGNALS} --partition 1 --start-offset 40" in finding.fix


def test_one_that_moves_on_while_it_is_looked_at_is_not(ours: Settings, broker: MemoryBroker) -> None:
    broker.topics[SIGNALS].extents[0] = (0, 90)
    broker.stable[SIGNALS, 0] = 40

    def sleep(_: float) -> None:
        broker.stable[SIGNALS, 0] += 10

    [finding] = check_stalled(ours, cast(Broker, broker), sleep=sleep)
    assert finding.level == "ok"
