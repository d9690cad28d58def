"""What a run leaves behind: it must be nothing but the data."""

from contextlib import suppress
from pathlib import Path

#: In a data folder, besides the tables' databases.
KNOWN = frozenset({"owner", "v1"})


def strange_files(data: Path) -> list[str]:
    """Files in a data folder that do not belong to the worker."""
    found = [path.name for path in data.iterdir() if path.name not in KNOWN] if data.exists() else []
    found += [path.name for path in (data / "v1" / "tables").glob("*") if not _is_known(path)]
    return [f"{data.name} holds {name}" for name in found]


def _is_known(path: Path) -> bool:
    # Faust makes a folder for backups, which nobody asks for.
    return path.suffix == ".db" or (path.name.endswith("-backups") and not any(path.iterdir()))


def disk_use(data: Path) -> tuple[int, int]:
    """How many files a data folder holds, and their bytes."""
    sizes = []
    for path in data.rglob("*"):
        # RocksDB removes files as it likes.
        with suppress(FileNotFoundError):
            if path.is_file():
                sizes.append(path.stat().st_size)
    return len(sizes), sum(sizes)
