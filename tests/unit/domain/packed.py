"""Reading packed bars."""

from app.domain import bar_rows


def packed_closes(rows: bytes | bytearray) -> tuple[float, ...]:
    """Every bar's close, oldest first."""
    return tuple(bar_rows.unpack(rows, index)[4] for index in range(len(rows) // bar_rows.SIZE))
