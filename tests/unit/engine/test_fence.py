import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from app.engine.delivery import Abandoned
from app.engine.fence import MARGIN, RECHECK_SECONDS, Fence
from faust.types import TP

from tests.unit.engine.made import SOURCE

SESSION = 10.0
NOW = 5000.0


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


class Consumer:
    def __init__(self) -> None:
        self.confirmed_at = NOW
        self.assigned: set[TP] = {SOURCE}

    def assignment(self) -> set[TP]:
        return self.assigned


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("app.engine.fence.monotonic", clock)
    return clock


@pytest.fixture
def consumer() -> Consumer:
    return Consumer()


@pytest.fixture
def app(consumer: Consumer, clock: Clock) -> Any:
    """A worker in generation 7 that was confirmed just now."""
    return SimpleNamespace(
        consumer=consumer,
        consumer_generation_id=7,
        conf=SimpleNamespace(broker_session_timeout=SESSION),
        should_stop=False,
        rebalancing=False,
    )


@pytest.fixture
def fence(app: Any) -> Fence:
    return Fence(app, SOURCE, 7)


async def test_an_owner_lately_confirmed_may_write_at_once(fence: Fence) -> None:
    assert fence.owned()
    assert fence.confirmed()
    assert fence.wanted()
    await fence.pass_()


@pytest.mark.parametrize("generation", [6, 8])
async def test_another_generation_may_not(fence: Fence, app: Any, generation: int) -> None:
    app.consumer_generation_id = generation
    assert not fence.owned()
    assert not fence.wanted()
    with pytest.raises(Abandoned):
        await fence.pass_()


async def test_nor_may_one_that_lost_the_partition(fence: Fence, consumer: Consumer) -> None:
    consumer.assigned = {TP(SOURCE.topic, 1), TP("stocks.indicators", 0)}
    assert not fence.owned()
    with pytest.raises(Abandoned):
        await fence.pass_()


@pytest.mark.parametrize(("age", "confirmed"), [(0.0, True), (7.9, True), (8.0, False), (3600.0, False)])
def test_a_confirmation_lasts_less_than_the_session(fence: Fence, clock: Clock, age: float, confirmed: bool) -> None:
    assert MARGIN == 0.8
    clock.now += age
    assert fence.confirmed() is confirmed
    assert fence.owned()


async def test_after_a_pause_it_waits_for_a_new_confirmation(fence: Fence, clock: Clock, consumer: Consumer) -> None:
    clock.now += 60
    assert fence.wanted()
    passing = asyncio.create_task(fence.pass_())
    done, _ = await asyncio.wait({passing}, timeout=3 * RECHECK_SECONDS)
    assert not done
    consumer.confirmed_at = clock.now
    await asyncio.wait_for(passing, 5)


async def test_after_a_pause_it_gives_up_when_another_has_the_partition(fence: Fence, app: Any, clock: Clock) -> None:
    clock.now += 60
    passing = asyncio.create_task(fence.pass_())
    done, _ = await asyncio.wait({passing}, timeout=3 * RECHECK_SECONDS)
    assert not done
    app.consumer_generation_id = 8
    with pytest.raises(Abandoned):
        await asyncio.wait_for(passing, 5)


@pytest.mark.parametrize("leaving", ["should_stop", "rebalancing"])
async def test_one_that_leaves_finishes_its_batch_but_does_not_wait_for_the_broker(
    fence: Fence, app: Any, clock: Clock, leaving: str
) -> None:
    setattr(app, leaving, True)
    assert fence.wanted()
    await fence.pass_()
    clock.now += 60
    assert not fence.wanted()
    with pytest.raises(Abandoned):
        await fence.pass_()
