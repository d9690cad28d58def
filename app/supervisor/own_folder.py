"""A folder for each of several workers that were given the same DATA_DIR, as replicas of a container are."""

import fcntl
import os
from itertools import count
from pathlib import Path

from app.engine.datadir import DataDirUnusable, check_usable


def take_folder(data_dir: Path) -> Path:
    """The first of `data_dir`/worker-1, worker-2, … that nobody has taken; made if need be.

    It is this process's until that ends, also through an exec, and also against containers on the same volume.
    Raises DataDirUnusable.
    """
    check_usable(data_dir)
    for number in count(1):
        folder = data_dir / f"worker-{number}"
        if _take(folder):
            return folder
    raise AssertionError


def _take(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Not closed: the lock ends with the process, however that ends.
        lock = os.open(folder / "taken", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise DataDirUnusable(
            f"The folder {folder} cannot be used ({error.strerror}): choose another DATA_DIR"
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return False
    os.set_inheritable(lock, True)
    return True
