"""Readers of many rows wait for a burst to be done, and not for a replay."""

import asyncio

import pytest

from web.give_way import BURST_RECORDS, GIVE_WAY_SECONDS, GiveWay


class Worker:
    """How many records it has in hand when it is asked, the last number for ever; each question takes 0.1 s."""

    def __init__(self, *in_hand: int) -> None:
        self._in_hand = list(in_hand)
        self.asked = 0

    def in_hand(self) -> int:
        self.asked += 1
        return self._in_hand.pop(0) if len(self._in_hand) > 1 else self._in_hand[0]

    def clock(self) -> float:
        return self.asked / 10


@pytest.mark.parametrize(
    ("in_hand", "asked"),
    [((0,), 1), ((BURST_RECORDS - 1,), 1), ((BURST_RECORDS, BURST_RECORDS, 100), 3)],
    ids=["idle", "few", "burst"],
)
async def test_a_burst_is_waited_for_and_what_people_send_is_not(in_hand: tuple[int, ...], asked: int) -> None:
    worker = Worker(*in_hand)
    await GiveWay(worker.in_hand, worker.clock).wait()
    assert worker.asked == asked


async def test_all_readers_together_wait_once_for_a_replay_and_again_for_the_next_burst() -> None:
    worker = Worker(BURST_RECORDS)
    way = GiveWay(worker.in_hand, worker.clock)
    await asyncio.gather(way.wait(), way.wait())
    assert GIVE_WAY_SECONDS <= worker.clock() <= GIVE_WAY_SECONDS + 0.3
    asked = worker.asked
    await way.wait()
    assert worker.asked == asked + 1
    # The replay has ended.
    worker._in_hand = [0, BURST_RECORDS, 0]
    await way.wait()
    await way.wait()
    assert worker._in_hand == [0]
