"""`python -m tests.unit.calendar.make` writes app/calendar/xnys.npz again, from exchange_calendars."""

import numpy as np

from app.calendar.sessions import FILE, FIRST_DAY, LAST_DAY
from app.domain.records import MINUTE_MS

Ints = np.ndarray[tuple[int], np.dtype[np.int64]]


def calendar() -> tuple[Ints, Ints]:
    """Opens and closes of all regular sessions of 1990 to 2099, minutes since 1970, UTC."""
    import exchange_calendars

    found = exchange_calendars.get_calendar("XNYS", start=FIRST_DAY.isoformat(), end=LAST_DAY.isoformat())
    minute_ns = MINUTE_MS * 1_000_000
    return found.opens_nanos // minute_ns, found.closes_nanos // minute_ns


if __name__ == "__main__":
    opens, closes = calendar()
    # Differences are small and much alike, so they compress well.
    np.savez_compressed(
        FILE, opens=np.diff(opens, prepend=0).astype(np.int32), lengths=(closes - opens).astype(np.int16)
    )
