"""One process at a time: a lock that the system releases when its holder dies, however it dies."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.stack.progress import Reporter


@contextmanager
def exclusive(file: Path, reporter: Reporter, waiting: str) -> Iterator[None]:
    """Holds the lock on `file`; while another process has it, says what is being waited for."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with reporter.waiting(waiting):
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield
