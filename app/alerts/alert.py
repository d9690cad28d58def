"""One transition that is to be sent, with the place of its signal on the topic."""

from dataclasses import dataclass
from typing import Literal

from app.domain.records import MINUTE_MS, Action, Signal

Kind = Literal["new", "revised", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Alert:
    """A signal and why it is sent. `partition` and `offset` are its place in the signals topic.

    `revised`: a correction or a late bar changed the bar's signal. `withdrawn`: such a change took back a transition
    that was sent; `earlier` is the action that was sent for this bar before. `uncertain`: it may have been sent.
    """

    signal: Signal
    partition: int
    offset: int
    kind: Kind = "new"
    earlier: Action | None = None
    uncertain: bool = False

    def age_ms(self, now_ms: int) -> int:
        """Milliseconds since the bar's minute ended; never below 0. `now_ms` is UTC epoch milliseconds."""
        return max(0, now_ms - self.signal["timestamp"] - MINUTE_MS)
