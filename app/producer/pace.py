"""How fast bars are sent."""

from dataclasses import dataclass
from typing import Protocol


class Pace(Protocol):
    """When the next bar is due."""

    def due_s(self, sent: int, timestamp_ms: int) -> float:
        """Seconds after the start at which the bar after `sent` others, with that time, may be sent."""


@dataclass(frozen=True, slots=True)
class AsFastAsPossible:
    """`max`."""

    def due_s(self, sent: int, timestamp_ms: int) -> float:
        """Always now."""
        return 0.0


@dataclass(frozen=True, slots=True)
class PerSecond:
    """So many bars a second."""

    bars: float

    def due_s(self, sent: int, timestamp_ms: int) -> float:
        """Evenly spaced."""
        return sent / self.bars


@dataclass(slots=True)
class Realtime:
    """A minute of bars takes a minute, nights and weekends included; a bar older than the first is due at once."""

    first_ms: int | None = None

    def due_s(self, sent: int, timestamp_ms: int) -> float:
        """As long after the start as the bar is after the first one."""
        if self.first_ms is None:
            self.first_ms = timestamp_ms
        return (timestamp_ms - self.first_ms) / 1000


def parse_speed(text: str) -> Pace:
    """`max`, `realtime`, or bars a second above zero. Raises ValueError with a sentence."""
    if text == "max":
        return AsFastAsPossible()
    if text == "realtime":
        return Realtime()
    try:
        bars = float(text)
    except ValueError:
        bars = 0.0
    if not 0 < bars < float("inf"):
        raise ValueError(f"{text!r} is not a speed: give max, realtime, or bars a second, for example 100.")
    return PerSecond(bars)
