"""The sessions of the New York Stock Exchange.

They are in `xnys.npz`, made of exchange_calendars by `python -m tests.unit.calendar.make`: that library loads pandas
and takes more than a second, in each worker.
"""

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

import numpy as np

from app.domain.calendar import Sessions
from app.domain.records import MINUTE_MS

FILE = Path(__file__).with_name("xnys.npz")

# Fixed, so that a bar's gap does not depend on the day on which it is computed.
FIRST_DAY = date(1990, 1, 1)
LAST_DAY = date(2099, 12, 31)


def session_gap() -> Callable[[int, int], int | None]:
    """A function of two bar starts (UTC epoch milliseconds): the regular-session minutes strictly between them.

    It gives None when one of them lies outside 1990 to 2099.
    """

    def gap(previous_ms: int, timestamp_ms: int) -> int | None:
        if timestamp_ms - previous_ms == MINUTE_MS:
            return 0
        return sessions().gap(previous_ms, timestamp_ms)

    return gap


@lru_cache(maxsize=1)
def sessions() -> Sessions:
    """All regular sessions of 1990 to 2099, early closes included."""
    with np.load(FILE, allow_pickle=False) as columns:
        opens, lengths = columns["opens"].cumsum().tolist(), columns["lengths"].tolist()
    return Sessions(
        opens=opens,
        closes=[open_ + length for open_, length in zip(opens, lengths, strict=True)],
        before=list(accumulate(lengths, initial=0)),
        first=_midnight(FIRST_DAY),
        end=_midnight(LAST_DAY) + 24 * 60,
    )


def _midnight(day: date) -> int:
    """Minutes since 1970, UTC."""
    return (day - date(1970, 1, 1)).days * 24 * 60
