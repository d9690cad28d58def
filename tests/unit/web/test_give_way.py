"""Readers of many rows wait for a burst to be done, and not for a replay."""

import pytest

from web.give_way import BURST_RECORDS, GIVE_WAY_SECONDS, give_way
from web.workers.worker_client import DEADLINE_SECONDS


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
    [((0,), 1), ((BURST_RECORDS - 1,), 1), ((BURST_RECORDS, BURST_RECORDS - 1), 2)],
    ids=["idle", "few", "burst"],
)
async def test_a_burst_is_waited_for_and_what_people_send_is_not(in_hand: tuple[int, ...], asked: int) -> None:
    worker = Worker(*in_hand)
    await give_way(worker.in_hand, worker.clock)
    assert worker.asked == asked


async def test_a_replay_holds_up_a_reader_no_longer_than_a_burst() -> None:
    worker = Worker(BURST_RECORDS)
    await give_way(worker.in_hand, worker.clock)
    assert worker.clock() == pytest.approx(GIVE_WAY_SECONDS, abs=0.1)


def test_a_worker_that_asks_another_one_waits_for_longer() -> None:
    """Even where a third one used up most of the time that it has for an answer."""
    assert GIVE_WAY_SECONDS < DEADLINE_SECONDS / 4
