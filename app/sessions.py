"""The sessions of the New York Stock Exchange, from exchange_calendars."""

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from itertools import accumulate

from app.domain.calendar import Sessions
from app.domain.records import MINUTE_MS

_CALENDAR = "XNYS"
# Fixed, so that a bar's gap does not depend on the day on which it is computed
# (left to itself the calendar ends a year from today).
_FIRST_DAY = date(1990, 1, 1)
_LAST_DAY = date(2099, 12, 31)
_MINUTE_NS = MINUTE_MS * 1_000_000


def session_gap() -> Callable[[int, int], int | None]:
    """A function of two bar starts (UTC epoch milliseconds): the regular-session minutes strictly between them.

    It gives None when one of them lies outside 1990 to 2099. The calendar
    takes about a second to load, so that is left until two bars that are not
    adjacent ask for it, once a process.
    """

    def gap(previous_ms: int, timestamp_ms: int) -> int | None:
        if timestamp_ms - previous_ms == MINUTE_MS:
            return 0
        return sessions().gap(previous_ms, timestamp_ms)

    return gap


@lru_cache(maxsize=1)
def sessions() -> Sessions:
    """All regular sessions of 1990 to 2099, early closes included."""
    import exchange_calendars  # type: ignore[import-untyped]  # it has neither types nor stubs

    calendar = exchange_calendars.get_calendar(_CALENDAR, start=_FIRST_DAY.isoformat(), end=_LAST_DAY.isoformat())
    opens = (calendar.opens_nanos // _MINUTE_NS).tolist()
    closes = (calendar.closes_nanos // _MINUTE_NS).tolist()
    lengths = (close - open_ for open_, close in zip(opens, closes, strict=True))
    return Sessions(
        opens=opens,
        closes=closes,
        before=list(accumulate(lengths, initial=0)),
        first=_midnight(_FIRST_DAY),
        end=_midnight(_LAST_DAY) + 24 * 60,
    )


def _midnight(day: date) -> int:
    """Minutes since 1970, UTC."""
    return (day - date(1970, 1, 1)).days * 24 * 60
