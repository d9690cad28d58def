"""A disk of a few megabytes, which can be full or read-only for root too: a tmpfs of its own."""

import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_CHUNK = 64 * 1024


class SmallDisk:
    """A mounted file system; `fill` leaves no room on it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / "filler"

    def fill(self) -> None:
        with self._filler.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(_CHUNK))

    def free(self) -> None:
        self._filler.unlink()

    def make_read_only(self) -> None:
        subprocess.run(["mount", "-o", "remount,ro", self.path], check=True)


@contextmanager
def small_disk(path: Path, megabytes: int) -> Iterator[SmallDisk | None]:
    """A disk at that path; None, with a warning, where this machine lets nobody mount one, as in most containers."""
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(path)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
        refusal = done.stderr if done.returncode else ""
    except OSError as error:
        refusal = str(error)
    if refusal:
        warnings.warn(f"NOT TRIED, for no disk can be mounted here: {refusal.strip()}", stacklevel=3)
        yield None
        return
    try:
        yield SmallDisk(path)
    finally:
        # Lazily: a worker that a failed test left may still be there.
        subprocess.run(["umount", "-l", path], check=True)
