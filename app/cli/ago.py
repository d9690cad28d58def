"""Times on the command line: as ISO-8601, or as so long ago, such as `90m`, `1h` or `2d`."""

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.times import from_iso, iso

if TYPE_CHECKING:
    from app.cli.worker_api import WorkerApi

_UNITS_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
_AGO = re.compile(r"(\d{1,6})([mhd])")
_MINUTE_MS = 60_000


def moment(text: str | None, now_ms: Callable[[], int]) -> str | None:
    """The time as the API takes it. Text that is no "time ago" is passed on as it is; the API checks it."""
    found = _AGO.fullmatch(text) if text else None
    if found is None:
        return text
    start_ms = max(0, now_ms() - int(found[1]) * _UNITS_MS[found[2]])
    return iso(start_ms // 1000 * 1000)


def now_of_run(api: "WorkerApi", run_id: str | None) -> int:
    """The time from which "ago" counts back, UTC epoch milliseconds: now for the live run, the end of the newest bar
    for a replay.
    """
    runs = api.json("/runs")["runs"]
    run = next((each for each in runs if (each["active"] if run_id is None else each["run_id"] == run_id)), None)
    if run is None or run["live"]:
        return int(time.time() * 1000)
    return from_iso(run["newest_bar"]) + _MINUTE_MS
