"""Whether workers read, and how much is waiting for them."""

from typing import cast

import pytest
from confluent_kafka import ConsumerGroupState

from app.doctor.consumer_group import check_group
from app.doctor.finding import Finding
from app.kafka.broker import Broker
from app.settings import Settings
from tests.unit.kafka.memory_broker import MemoryBroker

RAW = "dips.stocks.raw.avro"


def found(ours: Settings, broker: MemoryBroker) -> list[Finding]:
    return list(check_group(ours, cast(Broker, broker)))


def test_workers_that_keep_up(ours: Settings, broker: MemoryBroker) -> None:
    broker.members, broker.group_state = ["one", "two"], ConsumerGroupState.STABLE
    broker.topics[RAW].extents = [(0, 10), (0, 0)]
    broker.committed = {(RAW, 0): 10}
    assert found(ours, broker) == [
        Finding("ok", "workers", "2 in group dips.stock-signals"),
        Finding("ok", "lag", f"0 records behind on {RAW}"),
    ]


def test_a_group_that_is_being_shared_out_is_worth_another_look(ours: Settings, broker: MemoryBroker) -> None:
    broker.members, broker.group_state = ["one"], ConsumerGroupState.PREPARING_REBALANCING
    workers, _ = found(ours, broker)
    message = "group dips.stock-signals: preparing rebalancing, 1 members"
    assert workers == Finding("warning", "workers", message, "wait, and look again")


@pytest.mark.parametrize(
    ("extents", "committed", "lag"),
    [
        ([(0, 1000), (0, 234)], {(RAW, 0): 0, (RAW, 1): 0}, "1,234"),
        ([(0, 1000), (0, 234)], {(RAW, 0): 990}, "244"),
        # Records that retention has deleted wait for nobody.
        ([(900, 1000), (0, 0)], {(RAW, 0): 100}, "100"),
        # A topic that was made again ends before what was committed of the old one.
        ([(0, 5), (0, 0)], {(RAW, 0): 900}, "0"),
    ],
)
def test_what_waits_is_counted_from_what_was_committed(
    ours: Settings,
    broker: MemoryBroker,
    extents: list[tuple[int, int]],
    committed: dict[tuple[str, int], int],
    lag: str,
) -> None:
    broker.topics[RAW].extents, broker.committed = extents, committed
    workers, behind = found(ours, broker)
    none = "none is reading as group dips.stock-signals"
    assert workers == Finding("warning", "workers", none, "`make worker`")
    assert behind.message == f"{lag} records behind on {RAW}"
    assert (behind.level, behind.fix) == (("ok", "") if lag == "0" else ("warning", "`make worker`"))


def test_while_workers_read_records_may_wait(ours: Settings, broker: MemoryBroker) -> None:
    broker.members, broker.group_state = ["one"], ConsumerGroupState.STABLE
    broker.topics[RAW].extents = [(0, 7), (0, 0)]
    assert found(ours, broker)[1] == Finding("ok", "lag", f"7 records behind on {RAW}")


def test_without_the_topic_nothing_is_said_of_it(ours: Settings, broker: MemoryBroker) -> None:
    del broker.topics[RAW]
    assert [finding.check for finding in found(ours, broker)] == ["workers"]
