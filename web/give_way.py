"""Who reads many rows waits while the agents have a burst in hand: its signals come first."""

import asyncio
from collections.abc import Callable
from time import monotonic

#: So many records in hand are a burst, or a replay.
BURST_RECORDS = 200

#: A burst of a whole market takes about as long. Other workers wait for an answer half a second at least.
GIVE_WAY_SECONDS = 0.3

_LOOK_SECONDS = 0.01


async def give_way(in_hand: Callable[[], int], clock: Callable[[], float] = monotonic) -> None:
    """Return when no burst is in hand, or has been for so long: a replay goes on, and must not hold up its readers.

    `in_hand` says how many records the worker is computing or writing now.
    """
    end = clock() + GIVE_WAY_SECONDS
    while in_hand() >= BURST_RECORDS and clock() < end:  # noqa: ASYNC110  # Nobody says when it falls.
        await asyncio.sleep(_LOOK_SECONDS)
