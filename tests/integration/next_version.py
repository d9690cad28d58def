"""The worker as a next version might be: `faust -A tests.integration.next_version worker` writes rows of version 2.

It reads those of version 1, from which they differ by their first byte alone.
"""

from tables import row_format
from tables.format import Format, Older

NEXT = row_format.VERSION + 1


def _upgraded(row: bytes) -> bytes:
    return bytes([NEXT]) + row[1:]


# Before anything takes a copy of the version.
_SIZE = row_format._FIXED_SIZE
row_format._FORMAT = Format("windows", NEXT, _SIZE, {row_format.VERSION: Older(_SIZE, _upgraded)})
row_format.VERSION, row_format._VERSION = NEXT, bytes([NEXT])

from app.main import app  # noqa: E402

__all__ = ["app"]
