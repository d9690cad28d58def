import asyncio

import pytest
from faust.types import TP

from app.engine.batch import Batch
from app.engine.in_hand import MOST_RECORDS, InHand
from tests.unit.engine import made


def batch(partition: int, count: int) -> Batch:
    return made.batch(0, count, tp=TP("raw", partition))


async def has_room(hand: InHand, wanted: Batch) -> bool:
    """Whether there is room at once."""
    waiting = asyncio.ensure_future(hand.room_for(wanted))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    found = waiting.done()
    waiting.cancel()
    return found


async def test_a_partition_has_one_batch_in_hand() -> None:
    hand, first = InHand(), batch(0, 1)
    hand.take(first)
    assert not await has_room(hand, batch(0, 1))
    assert await has_room(hand, batch(1, 1))
    hand.finish(first)
    assert await has_room(hand, batch(0, 1))


@pytest.mark.parametrize(("second", "fits"), [(MOST_RECORDS // 2, True), (MOST_RECORDS // 2 + 1, False)])
async def test_only_so_many_records_are_in_hand(second: int, fits: bool) -> None:
    hand = InHand()
    hand.take(batch(0, MOST_RECORDS // 2))
    assert hand.records == MOST_RECORDS // 2
    assert await has_room(hand, batch(1, second)) is fits


async def test_a_batch_of_more_records_than_that_goes_alone() -> None:
    hand, large = InHand(), batch(0, MOST_RECORDS + 1)
    assert await has_room(hand, large)
    hand.take(large)
    assert not await has_room(hand, batch(1, 1))


async def test_who_waits_goes_on_once_another_batch_is_finished() -> None:
    hand, first, never_taken = InHand(), batch(0, 1), batch(3, 1)
    hand.take(first)
    waiting = asyncio.ensure_future(hand.room_for(batch(0, 1)))
    await asyncio.sleep(0)
    hand.finish(never_taken)
    await asyncio.sleep(0)
    assert not waiting.done()
    hand.finish(first)
    await waiting
    assert hand.records == 0
