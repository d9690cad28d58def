"""The reader of all signals gives way to bursts that are being computed, but not for ever."""

import asyncio
import threading
from time import monotonic

from tests.unit.web.stream.made import MemoryTopic
from web.give_way import BURST_RECORDS
from web.stream.hub import GIVE_WAY_SECONDS, Hub


class Nobody:
    """A client that looks at nothing."""

    def offer(self, batch: object) -> None: ...

    def restart(self, reason: str) -> None: ...

    def forget_before(self, batch: object) -> None: ...

    def end(self) -> None: ...


class Taking(Nobody):
    """A client that notes what it gets."""

    def __init__(self) -> None:
        self.taken: asyncio.Queue[object] = asyncio.Queue()

    def offer(self, batch: object) -> None:
        self.taken.put_nowait(batch)


async def test_signals_are_read_once_a_burst_is_computed(topic: MemoryTopic) -> None:
    topic.add()
    in_hand, has_looked = BURST_RECORDS, threading.Event()

    def look() -> int:
        has_looked.set()
        return in_hand

    hub = Hub(topic, in_hand=look)
    with hub.listening(Nobody()):
        await asyncio.to_thread(has_looked.wait)
        assert hub.position is None
        in_hand = BURST_RECORDS - 1
        assert await hub.known() == (1, 0)
    hub.close()


async def test_a_burst_that_goes_on_is_waited_for_once(topic: MemoryTopic) -> None:
    topic.add()
    looks = 0

    def look() -> int:
        nonlocal looks
        looks += 1
        return 10 * BURST_RECORDS

    hub, client = Hub(topic, in_hand=look), Taking()
    with hub.listening(client):
        assert await hub.known() == (1, 0)
        before = looks - topic.reads
        for _ in range(10):
            topic.add()
            await client.taken.get()
        # One look before each read, and one more if the next read has not come yet: who waits looks again and again.
        assert looks - topic.reads <= before + 1
    hub.close()


async def test_who_looks_on_does_not_wait_for_ever(topic: MemoryTopic) -> None:
    topic.add()
    hub, began = Hub(topic, in_hand=lambda: 10 * BURST_RECORDS), monotonic()
    with hub.listening(Nobody()):
        assert await hub.known() == (1, 0)
    assert monotonic() - began > GIVE_WAY_SECONDS
    hub.close()
