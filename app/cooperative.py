"""Long work on the event loop, in short turns."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

T = TypeVar("T")

TURN_SECONDS = 0.002
"""How long batches may keep the API waiting, and the API batches."""


async def in_turns(items: Iterable[T]) -> AsyncIterator[T]:
    """The items, giving way to the loop every few milliseconds by its own clock.

    What they come from must not change meanwhile.
    """
    clock = asyncio.get_running_loop().time
    end = clock() + TURN_SECONDS
    for item in items:
        if clock() > end:
            await asyncio.sleep(0)
            end = clock() + TURN_SECONDS
        yield item
