from typing import Any

import pytest
from app.engine.delivery import NotDelivered
from app.engine.mending import mend
from app.engine.progress import PROGRESS_KEY, encode_progress
from faust.types import TP

from tests.unit.engine.made import SOURCE, TOPIC_ID, Rec, changelog, event_of
from tests.unit.engine.workbench import Bench

CHANGELOG = TP("stock-signals-numbers-changelog", 0)
PROGRESS = encode_progress(TOPIC_ID, 3)


@pytest.fixture
def kept(bench: Bench) -> Bench:
    """Holds two values and the progress, known up to changelog offset 9."""
    bench.numbers.store(0, {b"A": b"1", b"B": b"2", PROGRESS_KEY: PROGRESS}, 9)
    bench.numbers.held = frozenset({0})
    return bench


async def look(bench: Bench, end: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ends(tps: set[TP]) -> dict[TP, int]:
        return dict.fromkeys(tps, end)

    monkeypatch.setattr(bench.app.batch_consumer.fetcher, "ends", ends)
    await mend(bench.numbers, bench.broker)


async def test_a_changelog_that_ends_where_the_store_does_is_left_alone(
    kept: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await look(kept, 10, monkeypatch)
    assert kept.broker.sent == []


async def test_behind_records_of_another_all_values_are_written_again(
    kept: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await look(kept, 12, monkeypatch)
    [sent] = kept.broker.sent
    assert [(record.topic, record.partition, record.key, record.value) for record in sent] == [
        (CHANGELOG.topic, 0, b"A", b"1"),
        (CHANGELOG.topic, 0, b"B", b"2"),
        (CHANGELOG.topic, 0, PROGRESS_KEY, PROGRESS),
    ]
    assert kept.numbers.persisted_offset(CHANGELOG) == 100
    assert kept.numbers.read(0, b"A") == b"1"
    await look(kept, 101, monkeypatch)
    assert len(kept.broker.sent) == 1


async def test_old_values_seen_while_restoring_are_written_over_once(
    kept: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.numbers.apply_changelog_batch([event_of(kept.app, changelog(Rec(10, b"A", b"5"), Rec(11, b"A", b"4")))])
    kept.numbers._restoring.flush()
    await look(kept, 12, monkeypatch)
    assert kept.broker.sent[0][0].value == b"5"
    await look(kept, 101, monkeypatch)
    assert len(kept.broker.sent) == 1


async def test_what_was_not_written_is_tried_at_the_next_look(kept: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.broker.failures = [NotDelivered()]
    with pytest.raises(NotDelivered):
        await look(kept, 12, monkeypatch)
    await look(kept, 12, monkeypatch)
    assert len(kept.broker.sent) == 1


async def test_a_partition_that_is_not_held_is_not_looked_at(kept: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.numbers.held = frozenset()
    kept.numbers.outdated.add(0)
    await look(kept, 12, monkeypatch)
    assert kept.broker.sent == []


async def test_a_worker_mends_between_batches_and_survives_a_broker_that_is_away(
    kept: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ends(tps: set[TP]) -> dict[TP, int]:
        return dict.fromkeys(tps, 12)

    monkeypatch.setattr(kept.app.batch_consumer.fetcher, "ends", ends)
    kept.broker.failures = [NotDelivered()]
    await kept.worker.mend()
    await kept.worker.mend()
    assert len(kept.broker.sent) == 1
    lock: Any = kept.worker._writing
    assert not lock.locked()


def test_the_partition_of_the_source_is_the_one_that_must_be_owned(bench: Bench) -> None:
    assert TP(bench.numbers.source_topic, 0) == SOURCE
