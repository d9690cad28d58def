"""The data folder: it belongs to one worker at a time, and to one cluster for ever."""

import errno
import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import IO

from app.engine.errors import OperatorError


class DataDirUnusable(OperatorError):
    """No tables can be kept in this folder."""


class DataDirInUse(OperatorError):
    """Another worker writes to this folder."""


class DataDirForeign(OperatorError):
    """The folder holds the tables of another cluster or deployment."""


#: About what the tables of a few partitions need at the start, in bytes.
_ROOM_BYTES = 1024 * 1024


def check_usable(data_dir: Path) -> None:
    """Check that a file of a megabyte can be written to the folder, or to the one in which it will be made. Leaves
    nothing behind.

    Raises DataDirUnusable.
    """
    folder = next(each for each in (data_dir, *data_dir.absolute().parents) if os.path.lexists(each))
    probe = folder / f"stocks-room-{os.getpid()}"
    try:
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
        try:
            probe.write_bytes(bytes(_ROOM_BYTES))
        finally:
            with suppress(OSError):
                probe.unlink(missing_ok=True)
    except OSError as error:
        raise DataDirUnusable(f"DATA_DIR={data_dir} {_why(error)}") from None


def _why(error: OSError) -> str:
    if error.errno == errno.ENOTDIR:
        return f"is no folder: {error.filename} is a file. Choose another, or move that file away"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "is on a disk that is full: free some room there, or choose another (tables are restored from Kafka)"
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return f"cannot be written to ({error.strerror}): give this user the right to, or choose another"
    return f"cannot be used ({error.strerror}): choose another"


def claim(data_dir: Path, owner: str) -> IO[str]:
    """Claim the folder for this process until it ends, and for `owner`, a cluster and an app, for ever.

    Returns the open lock file, to be kept. Raises DataDirUnusable, DataDirInUse, DataDirForeign.
    """
    check_usable(data_dir)
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = (data_dir / "owner").open("a+", encoding="utf-8")
    except OSError as error:
        raise DataDirUnusable(f"DATA_DIR={data_dir} {_why(error)}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise DataDirInUse(
            f"Another worker uses the data folder {data_dir}: stop it, or give this one its own DATA_DIR and API_PORT"
        ) from None
    lock.seek(0)
    known = lock.read()
    if not known:
        lock.write(owner)
        lock.flush()
    elif known != owner:
        lock.close()
        raise DataDirForeign(
            f"The data folder {data_dir} holds the tables of {known}, this worker's are {owner}: "
            "remove it (the tables are restored from Kafka) or choose another DATA_DIR"
        )
    return lock


def drop_old_logs(data_dir: Path) -> None:
    """Remove what RocksDB logged before each database was last opened; left alone it keeps a thousand such files."""
    for log in data_dir.rglob("LOG.old.*"):
        log.unlink()
