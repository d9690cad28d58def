"""One message: a single alert, or several as a digest."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from app.alerts.alert import Alert


@dataclass(frozen=True, slots=True)
class AlertMessage:
    """One alert, several (`digest`), or none (a test). `possibly_repeated`: it may have arrived before."""

    alerts: tuple[Alert, ...]
    digest: bool = False
    possibly_repeated: bool = False

    @property
    def is_test(self) -> bool:
        """Whether it is a test of the destination."""
        return not self.alerts

    @property
    def id(self) -> str:
        """The same for the same alerts, whenever they are sent: a receiver can drop what it has."""
        return "msg_" + sha256("\n".join(sorted(each.signal["id"] for each in self.alerts)).encode()).hexdigest()[:32]

    def ends(self) -> dict[int, int]:
        """By partition, the offset behind the last of these alerts."""
        return last_offsets(self.alerts)


def last_offsets(alerts: Iterable[Alert]) -> dict[int, int]:
    """By partition, the offset behind the last alert."""
    found: dict[int, int] = {}
    for each in alerts:
        found[each.partition] = max(found.get(each.partition, 0), each.offset + 1)
    return found
