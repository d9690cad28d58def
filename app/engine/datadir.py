"""One worker a data folder, and one cluster a data folder; what RocksDB leaves behind in it."""

import fcntl
from pathlib import Path
from typing import IO

from app.engine.errors import OperatorError


class DataDirInUse(OperatorError):
    """Another worker writes to this folder."""


class DataDirForeign(OperatorError):
    """The folder holds the tables of another cluster or deployment."""


def claim(data_dir: Path, owner: str) -> IO[str]:
    """Claim the folder for this process until it ends, and for `owner`, a cluster and an app, for ever.

    Returns the open lock file, to be kept. Raises DataDirInUse, DataDirForeign.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    lock = (data_dir / "owner").open("a+", encoding="utf-8")
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
