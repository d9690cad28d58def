"""Whether a jump in raw prices looks like a split rather than a move of the market.

Measured on 12,149 nights of five large stocks (AAPL, FB, GOOG, IBM, MSFT, raw
daily prices of 2000 to 2013): 98.8 % open within 5 % of the close before and
99.7 % within 10 %; for a stock three times as volatile that makes 91 and 97 %.
The three splits among them opened 0.2, 0.4 and 2 % from their ratio. One jump
in the same range was none: on 2000-09-29 AAPL opened at 28.19 after 53.50, on
news, 5.4 % from a 2:1 split.

So a jump counts when it is within 10 % of n:1 or 1:n, and that news is taken
for a split: it costs a warm-up, which the record says and gives a reason for.
Of a split that is missed nothing is said, and RSI and averages are wrong for
some fifty bars. From 3:2 the tolerance is 5 %, as falls of a third come of news
more often. 5:4 is left out: ordinary news moves a price by a fifth (12 of those
nights by 15 % and more), so most alarms would be false.
"""

from collections.abc import Callable
from math import log

from app.domain.records import MINUTE_MS
from app.domain.row import Bools, Floats

RAW = "raw"

# Regular-session minutes strictly between two bar starts (UTC epoch
# milliseconds), None outside the calendar's years.
Gap = Callable[[int, int], int | None]

# The shortest night, from the end of extended hours (20:00) to their beginning (04:00).
NIGHT_MINUTES = 8 * 60

MOST_FORWARD = 50
MOST_REVERSE = 100
_TOLERANCE = log(1.10)
_TOLERANCE_3_2 = log(1.05)
# A price change within this range is no split.
_LEAST_FALL = 1.05 * 2 / 3
_LEAST_RISE = 2 / 1.10
# Large ratios overlap; the nearest of these gives the name.
_USUAL = (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 75, 80, 100)


def no_jump(jumps: Floats) -> Bools:
    """Which ratios of an open to the close before it are too small for a split of any kind: nearly all."""
    return (jumps > _LEAST_FALL) & (jumps < _LEAST_RISE)


def split_ratio(previous_close: float, open_: float) -> tuple[int, int] | None:
    """(4, 1) for a price that fell to about a fourth, (1, 10) for one that rose about tenfold; None for no split."""
    jump = open_ / previous_close
    if _LEAST_FALL < jump < _LEAST_RISE:
        return None
    if jump > 1.0:
        shares = _whole(jump, MOST_REVERSE)
        return (1, shares) if shares else None
    if abs(log(jump * 1.5)) <= _TOLERANCE_3_2:
        return 3, 2
    shares = _whole(1.0 / jump, MOST_FORWARD)
    return (shares, 1) if shares else None


def _whole(factor: float, most: int) -> int | None:
    """The usual whole number that the factor is near, else any; None when it is near none up to `most`."""
    usual = min(_USUAL, key=lambda number: abs(log(factor / number)))
    for number in (usual, round(factor)):
        if 2 <= number <= most and abs(log(factor / number)) <= _TOLERANCE:
            return number
    return None


def is_night(previous_ms: int, timestamp_ms: int, gap: Gap) -> bool:
    """Whether a night lies between two bar starts (UTC epoch milliseconds): splits take effect in one.

    That is, eight hours or more outside the regular session. So the bars may be
    of the extended hours; with bars around the clock no night is seen.
    """
    open_minutes = gap(previous_ms, timestamp_ms)
    if open_minutes is None:
        return False
    return (timestamp_ms - previous_ms) // MINUTE_MS - 1 - open_minutes >= NIGHT_MINUTES
