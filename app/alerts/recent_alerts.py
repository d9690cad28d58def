"""Remembers what was sent lately, so that no alert is sent twice and one that a correction takes back is withdrawn."""

from collections import OrderedDict
from collections.abc import Collection
from typing import NamedTuple

from app.alerts.alert import Alert, Kind
from app.alerts.rules import Rules
from app.domain.records import Action, Signal

#: Bars that are remembered. An entry takes some 400 bytes.
MOST = 20_000

_Bar = tuple[str, str, int, str]


class _Sent(NamedTuple):
    action: Action
    revision: int
    withdrawn: bool
    partition: int


class RecentAlerts:
    """Turns signals into alerts, in the order of the topic. Remembers the newest `most` bars that had one.

    After a restart it is given again what was handled before, and then knows the same as before.
    """

    def __init__(self, rules: Rules, most: int = MOST) -> None:
        self._rules = rules
        self._most = most
        self._sent: OrderedDict[_Bar, _Sent] = OrderedDict()

    def judge(self, signal: Signal, partition: int, offset: int) -> Alert | None:
        """The alert that this signal is worth; None for most. A revision that was judged before is worth none."""
        bar = signal["run_id"], signal["symbol"], signal["timestamp"], signal["strategy"]
        sent = self._sent.get(bar)
        # `stocks tables rebuild` writes signals again, with the ids that they had.
        if sent is not None and signal["revision"] <= sent.revision:
            return None
        earlier = sent.action if sent and not sent.withdrawn else None
        if self._rules.matches(signal):
            self._remember(bar, _Sent(signal["action"], signal["revision"], False, partition))
            kind: Kind = "revised" if signal["revision"] > 0 else "new"
            return Alert(signal, partition, offset, kind, earlier)
        if earlier is None:
            return None
        self._remember(bar, _Sent(earlier, signal["revision"], True, partition))
        return Alert(signal, partition, offset, "withdrawn", earlier)

    def drop(self, partitions: Collection[int]) -> None:
        """Forget partitions that another member reads now."""
        gone = [bar for bar, sent in self._sent.items() if sent.partition in partitions]
        for bar in gone:
            del self._sent[bar]

    def _remember(self, bar: _Bar, sent: _Sent) -> None:
        self._sent[bar] = sent
        self._sent.move_to_end(bar)
        if len(self._sent) > self._most:
            self._sent.popitem(last=False)
