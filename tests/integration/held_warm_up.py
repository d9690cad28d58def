"""The worker whose tables stay incomplete while a file is there: `faust -A tests.integration.held_warm_up worker`."""

import asyncio
import os
from pathlib import Path

from app.main import app

__all__ = ["app"]

_HOLD = Path(os.environ["HELD_WARM_UP"])
_warm_up = app.reader._warm_up
_read = _warm_up._read


async def _held(partition: int) -> list[bytes]:
    while _HOLD.exists():  # noqa: ASYNC110, ASYNC240 - the test says so from another process.
        await asyncio.sleep(0.05)
    return await _read(partition)


_warm_up._read = _held  # type: ignore[method-assign]
