"""Long work on the event loop, in short turns."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

T = TypeVar("T")

TURN_SECONDS = 0.002
"""How long batches may keep the API waiting, and the API batches."""


async def in_turns(items: Iterable[T]) -> AsyncIterator[T]:
    """The items, giving way to the loop every few milliseconds; what they come from must not change meanwhile."""
    end = time.perf_counter() + TURN_SECONDS
    for item in items:
        if time.perf_counter() > end:
            await asyncio.sleep(0)
            end = time.perf_counter() + TURN_SECONDS
        yield item
