"""Reads the times in files, one by one or a column at once."""

import datetime
import re
import zoneinfo
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.sources.files.bar_rows import Column
from app.sources.files.options import NEW_YORK

_EPOCH = datetime.datetime(1970, 1, 1)  # noqa: DTZ001
_MILLISECOND = datetime.timedelta(milliseconds=1)
_LONGEST = 64
_COMPACT_FORMAT = "%Y%m%d %H%M%S"
_COMPACT = re.compile("[12][0-9]{3}[01][0-9][0-3][0-9] [0-2][0-9][0-5][0-9][0-5][0-9]")
# Every change of clocks is at a quarter of an hour.
_QUARTER_MS = 15 * 60_000
# Of the years 1990 to 2100, times in seconds, milliseconds, microseconds and nanoseconds differ in their digits.
_SECONDS_BELOW, _MILLISECONDS_BELOW, _MICROSECONDS_BELOW = 10**11, 10**14, 10**17


class NoZone(ValueError):
    """The time names no zone, and nobody said which one is meant."""

    def __init__(self, text: str) -> None:
        super().__init__(f"timestamp is {text[:_LONGEST]!r}, which names no zone: say it, for example --tz {NEW_YORK}")


@dataclass(frozen=True)
class TimeReader:
    """Reads times: epoch seconds to nanoseconds, or ISO-8601, of this zone where they name none.

    What is finer than a millisecond is cut off.
    """

    zone: zoneinfo.ZoneInfo | None = None

    def one(self, text: str) -> int:
        """UTC milliseconds since 1970. Raises NoZone, or ValueError with a sentence."""
        if len(text) > _LONGEST:
            raise _no_time(text)
        if text.isascii() and text.isdigit():
            return _from_epoch(int(text))
        try:
            moment = datetime.datetime.fromisoformat(_spelled(text))
        except ValueError:
            raise _no_time(text) from None
        if moment.tzinfo is not None:
            return (moment.replace(tzinfo=None) - _EPOCH - (moment.utcoffset() or datetime.timedelta())) // _MILLISECOND
        if self.zone is None:
            raise NoZone(text)
        return self.local((moment - _EPOCH) // _MILLISECOND, text)

    def local(self, clock_ms: int, text: str) -> int:
        """The UTC milliseconds of a time on the zone's clocks. Raises ValueError."""
        if self.zone is None:
            raise NoZone(text)
        offset = _offset_ms(self.zone, clock_ms // _QUARTER_MS)
        if offset is None:
            raise ValueError(f"timestamp is {text[:_LONGEST]!r}, which {self.zone} has twice or never on that day")
        return clock_ms - offset

    def column(self, texts: pa.Array) -> tuple[Column, Column] | None:
        """Milliseconds and which of them were read; None when they must be read one by one."""
        first = texts[0].as_py()
        try:
            if first.isascii() and first.isdigit():
                numbers = _numbers(texts)
                return None if numbers is None else (from_epochs(numbers), np.ones(len(texts), bool))
            if self.is_zoned(first):
                return _milliseconds(pc.cast(texts, pa.timestamp("ns", "UTC"))), np.ones(len(texts), bool)
            if self.zone is not None:
                return self.localised(_milliseconds(_clock_times(texts, first)))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            pass
        return None

    def localised(self, clock_ms: Column) -> tuple[Column, Column]:
        """UTC milliseconds of times on the zone's clocks, and which of them are there once."""
        zone = self.zone
        if zone is None:
            raise NoZone("a time")
        quarters, which = np.unique(clock_ms // _QUARTER_MS, return_inverse=True)
        offsets = [_offset_ms(zone, quarter) for quarter in quarters.tolist()]
        known = np.array([offset is not None for offset in offsets], bool)
        return clock_ms - np.array([offset or 0 for offset in offsets], np.int64)[which], known[which]

    @staticmethod
    def is_zoned(text: str) -> bool:
        """Whether the text, a date and a time, names its zone."""
        try:
            return datetime.datetime.fromisoformat(text).tzinfo is not None
        except ValueError:
            return False


@dataclass(frozen=True)
class ClockOfDay(TimeReader):
    """Reads milliseconds after midnight of one day, on the zone's clocks."""

    day: datetime.date = datetime.date(1970, 1, 1)

    def one(self, text: str) -> int:
        """UTC milliseconds since 1970. Raises ValueError with a sentence."""
        if not (text.isascii() and text.isdigit() and len(text) <= 8 and int(text) < 86_400_000):
            raise ValueError(f"the time is {text[:_LONGEST]!r}, not milliseconds after midnight")
        return self.local(self._midnight_ms + int(text), text)

    def column(self, texts: pa.Array) -> tuple[Column, Column] | None:
        """A column of them; None when they must be read one by one."""
        clock = _numbers(texts)
        if clock is None or clock.max() >= 86_400_000:
            return None
        return self.localised(self._midnight_ms + clock)

    @property
    def _midnight_ms(self) -> int:
        return (self.day - _EPOCH.date()).days * 86_400_000


def from_epochs(numbers: Column) -> Column:
    """Milliseconds of numbers that are seconds, milliseconds, microseconds or nanoseconds since 1970."""
    choices = (numbers < _SECONDS_BELOW, numbers < _MILLISECONDS_BELOW, numbers < _MICROSECONDS_BELOW)
    return np.select(choices, (numbers * 1000, numbers, numbers // 1000), numbers // 1_000_000)


def _numbers(texts: pa.Array) -> Column | None:
    """Whole numbers in plain digits; None when one is not."""
    if not pc.all(pc.match_substring_regex(texts, "^[0-9]{1,18}$|^[0-8][0-9]{18}$")).as_py():
        return None
    numbers: Column = pc.cast(texts, pa.int64()).to_numpy()
    return numbers


def _from_epoch(number: int) -> int:
    if number < _SECONDS_BELOW:
        return number * 1000
    if number < _MILLISECONDS_BELOW:
        return number
    return number // 1000 if number < _MICROSECONDS_BELOW else number // 1_000_000


def _clock_times(texts: pa.Array, first: str) -> pa.Array:
    """Texts without a zone as timestamps. Raises ArrowInvalid."""
    if _COMPACT.fullmatch(first) and pc.all(pc.match_substring_regex(texts, f"^{_COMPACT.pattern}$")).as_py():
        times = pc.strptime(texts, format=_COMPACT_FORMAT, unit="s")
        # It takes 31 February for 2 March.
        if not pc.all(pc.equal(pc.strftime(times, format=_COMPACT_FORMAT), texts)).as_py():
            raise pa.ArrowInvalid("a day that there is not")
        return pc.cast(times, pa.timestamp("ns"))
    return pc.cast(texts, pa.timestamp("ns"))


def _milliseconds(times: pa.Array) -> Column:
    numbers: Column = pc.cast(times, pa.int64()).to_numpy()
    return numbers // 1_000_000


@lru_cache(maxsize=100_000)
def _offset_ms(zone: zoneinfo.ZoneInfo, quarter: int) -> int | None:
    """What the zone's clocks show more than UTC in that quarter of an hour; None when it is there twice or never."""
    try:
        clock = _EPOCH + datetime.timedelta(milliseconds=quarter * _QUARTER_MS)
        first, second = (clock.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    except (OverflowError, ValueError):
        return None
    return first // _MILLISECOND if first == second and first is not None else None


def _spelled(text: str) -> str:
    """`20241114 93000` and `2024-11-14 930` with all their digits; other texts as they are."""
    day, space, clock = text.partition(" ")
    if space and clock.isascii() and clock.isdigit() and len(clock) in (3, 5):
        return f"{day} 0{clock}"
    return text


def _no_time(text: str) -> ValueError:
    return ValueError(f"timestamp is {text[:_LONGEST]!r}, neither ISO-8601 (2024-11-14T14:30:00Z) nor epoch ms")
