"""One destination: reads, waits for the right moment, sends, and remembers."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from tenacity import RetryCallState, Retrying, retry_if_exception_type
from tenacity.wait import wait_random_exponential

from app.alerts.alert import Alert
from app.alerts.destination import AlertNotSent, Destination
from app.alerts.inbox import CommitFailed, SignalInbox
from app.alerts.message import AlertMessage
from app.alerts.outbox import DigestLimits, Outbox
from app.alerts.rate_limit import RateLimit
from app.alerts.recent_alerts import MOST, RecentAlerts
from app.alerts.rules import Rules
from app.alerts.wording import fitting, title
from app.settings.quiet_hours import QuietHours

log = logging.getLogger(__name__)

_POLL_S = 0.2
#: All alerts of one minute's bars come within this time of the first, so they can be one digest.
_GATHER_S = 0.3
_COMMIT_EVERY_S = 5.0
_LONGEST_WAIT_S = 60.0

OpenInbox = Callable[[Callable[[set[int]], None]], SignalInbox]


class LaneStopped(Exception):
    """The process was asked to stop."""


class Lane:
    """Sends alerts to one destination until `stop` is set.

    A message is sent in four steps: (1) commit that it is being sent; (2) send it; (3) forget it; (4) commit what
    waits now. A crash before 2 or after 4 leaves nothing open. A crash between leaves the note of step 1: the
    message is sent once more, marked. After an answer that leaves open whether it arrived, the same; after a sure
    failure the note is taken back, and what is sent next is chosen again.
    """

    def __init__(
        self,
        destination: Destination,
        open_inbox: OpenInbox,
        rules: Rules,
        limits: DigestLimits,
        rate: RateLimit,
        quiet: QuietHours | None,
        stop: threading.Event,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`now` is the time of day, in seconds since 1970; by `monotonic` it waits."""
        self._destination = destination
        self._outbox = Outbox(limits)
        self._recent = RecentAlerts(rules)
        self._rate, self._quiet, self._stop = rate, quiet, stop
        self._now, self._monotonic = now, monotonic
        self._inbox = open_inbox(self._lost)
        #: Ids that arrived. When offsets could not be committed after that, their signals are read again.
        self._arrived: dict[str, None] = {}
        self._waiting_since = 0.0
        self._committed_at = 0.0
        self._failures = 0
        backoff = wait_random_exponential(multiplier=1, max=_LONGEST_WAIT_S)
        self._retrying = Retrying(
            retry=retry_if_exception_type(AlertNotSent),
            wait=lambda state: max(backoff(state), _failure(state).retry_after_s),
            sleep=self._wait,
            before_sleep=self._say,
        )

    def run(self) -> None:
        """Blocks. Raises BrokerUnavailable where the group's offsets cannot be looked up."""
        try:
            with suppress(LaneStopped):
                while not self._stop.is_set():
                    self._read(_POLL_S)
                    if self._is_due():
                        self._retrying(self._send_next)
            # Not after an error while a message is being sent: the note must stay.
            self._commit_or_later()
        finally:
            self._inbox.close()

    def _lost(self, partitions: set[int]) -> None:
        # Their next owner begins at what is committed; it may be this member again.
        self._outbox.drop(partitions)
        self._recent.drop(partitions)

    def _read(self, seconds: float) -> None:
        self._inbox.pause(self._outbox.is_full)
        for each in self._inbox.read(seconds):
            alert = self._recent.judge(each.signal, each.partition, each.offset)
            if alert is None or each.handled or each.signal["id"] in self._arrived:
                continue
            if not len(self._outbox):
                self._waiting_since = self._monotonic()
            self._outbox.add(Alert(each.signal, each.partition, each.offset, alert.kind, alert.earlier, each.uncertain))
        if self._monotonic() - self._committed_at >= _COMMIT_EVERY_S:
            self._commit_or_later()

    def _is_due(self) -> bool:
        return (
            len(self._outbox) > 0
            and self._monotonic() - self._waiting_since >= _GATHER_S
            # What may have been sent as one message is sent again as one.
            and (not self._inbox.is_catching_up() or self._outbox.is_full)
            and self._rate.allows()
            and not self._is_quiet()
        )

    def _is_quiet(self) -> bool:
        return self._quiet is not None and self._quiet.includes(datetime.fromtimestamp(self._now(), UTC))

    def _send_next(self) -> None:
        now_ms = int(self._now() * 1000)
        message = None if self._is_quiet() else self._outbox.next(now_ms, self._fitting(now_ms))
        if message is None:
            return
        try:
            self._commit(message)
        except CommitFailed as error:
            raise AlertNotSent(f"the group's offsets cannot be committed: {error}") from None
        try:
            self._destination.send(message, now_ms)
        except AlertNotSent as error:
            if error.uncertain:
                self._outbox.doubt(message)
            else:
                self._commit_or_later()
            raise
        self._outbox.remove(message)
        self._remember(message)
        self._rate.count()
        self._commit_or_later()
        again = f", after {self._failures} attempts that failed" if self._failures else ""
        self._failures = 0
        log.info("%s: sent %s%s", self._destination.name, title(message), again)

    def _remember(self, message: AlertMessage) -> None:
        self._arrived |= {each.signal["id"]: None for each in message.alerts}
        while len(self._arrived) > MOST:
            del self._arrived[next(iter(self._arrived))]

    def _fitting(self, now_ms: int) -> Callable[[Sequence[Alert]], int]:
        return lambda alerts: fitting(alerts, now_ms, self._destination.characters)

    def _commit(self, message: AlertMessage | None = None) -> None:
        until = self._outbox.uncertain_ends()
        for partition, end in (message.ends() if message else {}).items():
            until[partition] = max(until.get(partition, 0), end)
        self._inbox.commit(self._outbox.first_offsets(), until)
        self._committed_at = self._monotonic()

    def _commit_or_later(self) -> None:
        try:
            self._commit()
        except CommitFailed as error:
            # The next commit says all of it.
            log.debug("%s: offsets are committed later: %s", self._destination.name, error)
            self._committed_at = self._monotonic()

    def _wait(self, seconds: float) -> None:
        until = self._monotonic() + seconds
        while (left := until - self._monotonic()) > 0:
            if self._stop.is_set():
                raise LaneStopped
            # A consumer that does not poll loses its place in the group.
            self._read(min(_POLL_S, left))

    def _say(self, state: RetryCallState) -> None:
        self._failures += 1
        log.warning(
            "%s: not sent (%s), %d waiting; again in %.0f s",
            self._destination.name,
            _failure(state),
            len(self._outbox),
            state.next_action.sleep if state.next_action else 0,
        )


def _failure(state: RetryCallState) -> AlertNotSent:
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, AlertNotSent) else AlertNotSent("")
