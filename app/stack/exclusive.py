"""A lock for one process at a time. The system releases it when its holder ends, even after kill -9."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.stack.progress import Reporter


@contextmanager
def exclusive(file: Path, reporter: Reporter, waiting: str) -> Iterator[None]:
    """Hold the lock on `file`. While another process has it, report `waiting`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with reporter.waiting(waiting):
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield
