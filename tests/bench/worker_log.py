"""When a worker reached a phase, by its log."""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

#: The first of each is what a worker says now, the others what Faust says, which older ones let through.
#: What a line holds that ends a phase of a worker's start.
SPAWNED = ("Starting: ", "Starting...")
JOINED = ("generation id ",)
#: Faust's own line is what 0.1 has. In newer code it comes before the tables are restored.
RESTORED = ("Tables restored", "Restore complete!")
#: Partitions are assigned, tables complete, and the first bars are about to be fetched.
READY = ("Worker ready",)

_TIME = re.compile(r"\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3})\]")


def logged_at(log: Path, marks: Sequence[str], after: float = 0.0) -> float | None:
    """When the first of these marks that is in the log at all was first logged (seconds since 1970); None: none is.

    Lines from before `after` are left out.
    """
    lines = [line for line in log.read_text(errors="replace").splitlines() if _time(line) > after]
    return next((_time(line) for mark in marks for line in lines if mark in line), None)


def _time(line: str) -> float:
    found = _TIME.match(line)
    return datetime.fromisoformat(found[1]).timestamp() if found else 0.0
