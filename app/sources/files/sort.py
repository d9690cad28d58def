"""Sorts rows by time, also more of them than memory holds: in sorted runs on disk, which are then merged."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from app.sources.base import SourceError
from app.sources.files.bar_rows import BarRows, joined
from app.sources.files.merge import merged

#: Rows that are sorted in memory, some 90 bytes each.
RUN = 1_000_000
_PART = 16_384


def in_order_of_time(parts: Iterator[BarRows], folder: Path, run: int = RUN) -> Iterator[BarRows]:
    """The same rows, oldest first; those of the same minute stay in the order in which they came.

    Raises SourceError when the folder takes no more.
    """
    runs: list[_Run] = []
    held: list[BarRows] = []
    count = 0
    for part in parts:
        held.append(part)
        count += len(part)
        if count >= run:
            runs.append(_Run.written(_sorted(held), folder))
            held, count = [], 0
    last = _sorted(held) if held else None
    if not runs:
        if last is not None:
            yield from _cut(last)
        return
    if last is not None:
        runs.append(_Run.written(last, folder))
    try:
        yield from merged(runs)
    finally:
        for each in runs:
            each.remove()


def _sorted(parts: list[BarRows]) -> BarRows:
    rows = joined(parts)
    return rows.take(np.argsort(rows.timestamp, kind="stable"))


def _cut(rows: BarRows) -> Iterator[BarRows]:
    for start in range(0, len(rows), _PART):
        yield rows.take(slice(start, start + _PART))


class _Run:
    """Sorted rows in files of the folder: a column a file, read by the part."""

    def __init__(self, folder: Path, names: tuple[str, ...], first_ms: int, count: int) -> None:
        self._folder, self._names, self.first_ms, self._count = folder, names, first_ms, count

    @classmethod
    def written(cls, rows: BarRows, folder: Path) -> "_Run":
        """Write these rows to files."""
        try:
            place = Path(tempfile.mkdtemp(dir=folder))
            for number, column in enumerate((rows.line, *rows.columns())):
                np.save(place / f"{number}.npy", column, allow_pickle=False)
        except OSError as error:
            raise SourceError(
                f"--sort keeps rows in {folder}, and that fails: {error.strerror or error}. "
                "Make room, or name another folder with TMPDIR."
            ) from None
        return cls(place, rows.names, int(rows.timestamp[0]), len(rows))

    def parts(self) -> Iterator[BarRows]:
        """Its rows."""
        paths = sorted(self._folder.iterdir(), key=lambda path: int(path.stem))
        columns = [np.load(path, mmap_mode="r", allow_pickle=False) for path in paths]
        for start in range(0, self._count, _PART):
            line, *others = (np.array(column[start : start + _PART]) for column in columns)
            yield BarRows(line, self._names, *others)

    def remove(self) -> None:
        """Its files."""
        for path in self._folder.iterdir():
            path.unlink()
        self._folder.rmdir()
