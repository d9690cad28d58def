"""Who reads many rows waits while the agents have a burst in hand: its signals come first."""

import asyncio
from collections.abc import Callable
from time import monotonic

#: So many records in hand are a burst, or a replay.
BURST_RECORDS = 200

#: A burst of a whole market takes half as long; a replay goes on, and must not hold up its readers.
GIVE_WAY_SECONDS = 0.5

_LOOK_SECONDS = 0.01


class GiveWay:
    """For one event loop. `in_hand` says how many records the worker is computing or writing now."""

    def __init__(self, in_hand: Callable[[], int], clock: Callable[[], float] = monotonic) -> None:
        self._in_hand = in_hand
        self._clock = clock
        #: Until when readers wait for the burst that goes on now.
        self._until: float | None = None

    async def wait(self) -> None:
        """Return when no burst is in hand, or has been for long."""
        while self._in_hand() >= BURST_RECORDS:
            now = self._clock()
            if self._until is None:
                self._until = now + GIVE_WAY_SECONDS
            if now >= self._until:
                return
            await asyncio.sleep(_LOOK_SECONDS)
        self._until = None
