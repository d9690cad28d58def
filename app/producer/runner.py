"""Replays a source in the background, and waits for a cluster that does not answer yet."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Literal, Protocol

from app.avro.registry import RegistryUnavailable
from app.domain.records import Bar
from app.engine.errors import OperatorError
from app.kafka.broker import BrokerUnavailable
from app.kafka.clients import ClusterMissing
from app.producer.pace import Pace
from app.producer.replay import Sink, replay
from app.sources.base import Source

log = logging.getLogger(__name__)

Status = Literal["starting", "waiting", "running", "finished", "failed", "stopped"]

_UNREACHABLE = (BrokerUnavailable, RegistryUnavailable, ClusterMissing)
FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0
_STOP_WITHIN_S = 5.0


class CountingSink(Sink, Protocol):
    """A sink that counts its bars; see delivery.py."""

    @property
    def sent(self) -> int:
        """Bars taken."""

    @property
    def acknowledged(self) -> int:
        """Bars that have arrived."""

    @property
    def failed(self) -> int:
        """Bars that will not arrive."""

    @property
    def trouble(self) -> str | None:
        """What keeps bars from arriving; None if nothing does."""

    def flush(self, given_up: Callable[[], bool]) -> None:
        """Waits until all have arrived; raises StocksError when some have not."""

    def close(self) -> None:
        """Give up the bars that have not arrived."""


class Runner:
    """One source on its way to Kafka, in a thread of its own; its attributes say how far it is.

    While broker or registry cannot be reached at the start it tries again, if `patient`, and otherwise fails; the first
    time after `first_pause_s`.
    `connect` opens the delivery and raises what app.producer.connect does; `clock` is in seconds since 1970.
    """

    def __init__(
        self,
        source: Source,
        connect: Callable[[], CountingSink],
        *,
        pace: Pace,
        clock: Callable[[], float],
        patient: bool,
        first_pause_s: float = FIRST_PAUSE_S,
    ) -> None:
        self.source = source
        self.delivery: CountingSink | None = None
        self.started_at: float | None = None
        self.ended_at: float | None = None
        self.last_sent_at: float | None = None
        self.last_bar: Bar | None = None
        self.newest_ms: int | None = None
        self._connect, self._pace, self._clock, self._patient = connect, pace, clock, patient
        self._first_pause_s = first_pause_s
        self._status: Status = "starting"
        self._error: str | None = None
        self._asked_at: float | None = None
        self._stop = threading.Event()
        # Not the thread's join: interrupted by Ctrl-C, it takes a thread that runs for one that has ended.
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="producer", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wait(self, timeout_s: float) -> bool:
        """Whether it ends within that time, or should have by now."""
        return self._ended.wait(timeout_s) or self._is_overdue()

    def ask_to_stop(self) -> None:
        """Ask it to end within seconds; bars on their way then arrive or are given up. Returns at once."""
        if self._asked_at is None:
            self._asked_at = time.monotonic()
        self._stop.set()
        self.source.stop()

    def stop(self) -> None:
        """Ask it to stop, and wait until it has."""
        self.ask_to_stop()
        self._ended.wait(_STOP_WITHIN_S + 1)

    def _is_overdue(self) -> bool:
        # Reaching a broker that does not answer may take longer than a stop; nothing is on its way then.
        return self._asked_at is not None and time.monotonic() > self._asked_at + _STOP_WITHIN_S + 1

    @property
    def sent(self) -> int:
        """Bars handed to Kafka."""
        return self.delivery.sent if self.delivery else 0

    @property
    def acknowledged(self) -> int:
        """Bars that Kafka has."""
        return self.delivery.acknowledged if self.delivery else 0

    @property
    def bars_per_second(self) -> float:
        """Acknowledged bars over the time since the first, until the last."""
        if self.started_at is None:
            return 0.0
        seconds = (self.ended_at or self._clock()) - self.started_at
        return self.acknowledged / seconds if seconds > 0 else 0.0

    @property
    def status(self) -> Status:
        """Waiting: for broker, registry or the source's server, which may come back."""
        return "waiting" if self._status == "running" and self._trouble else self._status

    @property
    def last_error(self) -> str | None:
        """Why it waits or failed, and the fix; None when all is well."""
        return self._error or self._trouble

    @property
    def doing(self) -> str | None:
        """What the source is waiting for or busy with, while it is read."""
        return self.source.doing if self.delivery and self.ended_at is None else None

    @property
    def _trouble(self) -> str | None:
        return (self.delivery.trouble or self.source.trouble) if self.delivery and self.ended_at is None else None

    def _run(self) -> None:
        try:
            self._work()
        finally:
            self._ended.set()

    def _work(self) -> None:
        try:
            delivery = self._connected()
            if delivery is None:
                self._status = "stopped"
                return
            self._send_all(delivery)
        except OperatorError as error:
            self._fail(str(error))
        except Exception as error:  # A bug, but /health must say so: a thread that dies is silent.
            log.exception("The producer failed")
            self._fail(f"{type(error).__name__}: {error}. This is a bug: please report it with the log.")

    def _connected(self) -> CountingSink | None:
        pause = self._first_pause_s
        while not self._stop.is_set():
            try:
                return self._connect()
            except _UNREACHABLE as error:
                if not self._patient:
                    raise
                log.warning("Waiting: %s", error)
                self._error = str(error)
                self._status = "waiting"
            self._stop.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)
        return None

    def _send_all(self, delivery: CountingSink) -> None:
        self.delivery, self._error, self.started_at = delivery, None, self._clock()
        self._status = "running"
        log.info("Sending %s as run %s", self.source.name, self.source.run_id)
        try:
            whole = replay(
                self.source,
                delivery,
                pace=self._pace,
                clock=self._clock,
                stopped=self._stop.is_set,
                on_sent=self._note,
            )
        finally:
            self._finish(delivery)
        self.ended_at = self._clock()
        self._status = "finished" if whole else "stopped"
        log.info("%s: %d bars of run %s", self._status.capitalize(), delivery.acknowledged, self.source.run_id)

    def _finish(self, delivery: CountingSink) -> None:
        try:
            delivery.flush(given_up=self._give_up_after_stop())
        finally:
            delivery.close()

    def _note(self, bar: Bar) -> None:
        self.last_bar = bar
        self.newest_ms = max(self.newest_ms or 0, bar["timestamp"])
        self.last_sent_at = self._clock()

    def _give_up_after_stop(self) -> Callable[[], bool]:
        deadline: float | None = None

        def given_up() -> bool:
            nonlocal deadline
            if self._stop.is_set() and deadline is None:
                deadline = self._clock() + _STOP_WITHIN_S
            return deadline is not None and self._clock() > deadline

        return given_up

    def _fail(self, reason: str) -> None:
        self.ended_at = self._clock()
        self._error, self._status = reason, "failed"
        log.error("%s", reason)
