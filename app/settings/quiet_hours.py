"""Hours of the day in which nothing is sent, by the clocks of a time zone."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_FORM = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s+(\S+)")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` until `end` of every day, local time of `zone`; over midnight when `end` is not later.

    Where clocks change, a time that is there twice or not at all counts for the longer reading: nobody is woken.
    """

    start: time
    end: time
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `22:00-07:00 America/New_York`. Raises ValueError that says what is wrong."""
        found = _FORM.fullmatch(text.strip())
        if found is None:
            raise ValueError("must be like 22:00-07:00 America/New_York: from, until, and whose clocks")
        *numbers, name = found.groups()
        try:
            start, end = (time(int(hour), int(minute)) for hour, minute in (numbers[:2], numbers[2:]))
        except ValueError:
            raise ValueError("has an hour above 23 or a minute above 59") from None
        if start == end:
            raise ValueError("begins and ends at the same time: leave it out to send at all hours") from None
        try:
            return cls(start, end, ZoneInfo(name))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"has {name!r}, which is no time zone: write one like America/New_York or UTC") from None

    def includes(self, now: datetime) -> bool:
        """Whether this moment, which must have a zone, is in them."""
        today = now.astimezone(self.zone).date()
        # Yesterday's may last until now; a span that was moved by a change of clocks is still found from its day.
        for day in (today - timedelta(days=1), today, today + timedelta(days=1)):
            last = day if self.end > self.start else day + timedelta(days=1)
            begin = min(self._moments(datetime.combine(day, self.start)))
            if begin <= now < max(self._moments(datetime.combine(last, self.end))):
                return True
        return False

    def _moments(self, local: datetime) -> tuple[datetime, datetime]:
        """Both readings of a local time: the same but where clocks change."""
        first, second = (local.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        return first, second
