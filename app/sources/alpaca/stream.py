"""Live bars by websocket."""

import logging
import random
import threading
from collections.abc import Callable, Sequence
from typing import Any

from app.sources.alpaca.access import Access
from app.sources.alpaca.backoff import FIRST_S, LONGEST_S, Backoff
from app.sources.alpaca.bar import AlpacaBar
from app.sources.alpaca.stream_connection import HANDSHAKE_S, Connection
from app.sources.alpaca.stream_failures import End
from app.sources.alpaca.stream_inbox import Inbox
from app.sources.alpaca.watchdog import Watchdog
from app.sources.base import OnFault
from app.sources.clock import Clock

log = logging.getLogger(__name__)

SILENCE_S = 180.0
MOST_PENDING = 100_000
# The first step of the backoff where trying again soon would give the same.
_REFUSED_S = 30.0
_STOP_S = 2.0

Spawn = Callable[[Callable[[], None], str], threading.Thread]


def _spawn(work: Callable[[], None], name: str) -> threading.Thread:
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread


class Stream:
    """Bars and updated bars of `symbols`, as they come, from one connection that is made again when it ends.

    Never more than one connection, and one attempt a step of the backoff, whatever the server does; none after
    `stop`. A connection that stays silent for `silence_s` while `market_open()` is true is given up.
    What was missed while there was none is the caller's to fetch: `connections` grows each time bars begin to come.
    `spawn` starts a thread, `most_pending` bounds the messages that wait to be taken.
    """

    def __init__(
        self,
        access: Access,
        symbols: Sequence[str],
        clock: Clock,
        market_open: Callable[[], bool],
        *,
        on_fault: OnFault = lambda _: None,
        silence_s: float = SILENCE_S,
        handshake_s: float = HANDSHAKE_S,
        most_pending: int = MOST_PENDING,
        randomness: random.Random | None = None,
        spawn: Spawn = _spawn,
    ) -> None:
        self.wake = threading.Event()
        """Set when there are bars to take, and when `connections`, `connected` or `trouble` changed."""
        self.connections = 0
        self.connected = False
        """Whether bars can come."""
        self.trouble: str | None = None
        """Why bars do not come, or not all, as a sentence; None while they do."""
        self.missing: frozenset[str] = frozenset()
        """Symbols of which no bars come although others' do: the server left them out of the subscription."""
        self.received = 0
        """Messages so far, of all connections."""
        self._access, self._symbols, self._clock, self._market_open = access, tuple(symbols), clock, market_open
        self._silence_s, self._handshake_s, self._spawn = silence_s, handshake_s, spawn
        self._backoff = Backoff(randomness)
        self._inbox = Inbox(self._symbols, most_pending, on_fault, access.redact)
        self._stopping, self._stir = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins to connect; once."""
        self._thread = self._spawn(self._run, "alpaca-stream")

    def stop(self) -> None:
        """Ends the connection and all attempts, within 2 s."""
        self._stopping.set()
        self._stir.set()
        if self._thread:
            self._thread.join(_STOP_S)

    def take(self) -> list[AlpacaBar]:
        """The bars that came since the last time, in that order; clears `wake`, and reports what is no bar.

        A minute may come again, with other values (a correction) or the same. For one thread at a time.
        """
        self.wake.clear()
        return self._inbox.take()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                end = self._follow()
                self._pause(_REFUSED_S if end.lasts else FIRST_S)
        except Exception as error:
            log.exception("The stream's thread ended.")
            self._say(
                f"The stream ended by a fault of this program ({type(error).__name__}): see the log, start again."
            )

    def _pause(self, at_least_s: float) -> None:
        self._clock.wait(self._backoff.next_s(at_least_s), self._stopping)
        while self._inbox.full and not self._stopping.is_set():
            self._clock.wait(LONGEST_S, self._stopping)

    def _follow(self) -> End:
        """One connection, from the attempt to its end."""
        began_ms = self._clock.now_ms()
        watchdog = Watchdog(self._silence_s, self._market_open, began_ms)
        connection = Connection(
            self._access,
            self._symbols,
            on_messages=lambda messages: self._hear(messages, watchdog),
            on_change=self._stir.set,
            handshake_s=self._handshake_s,
        )
        try:
            while True:
                # Cleared before looking, so that no change is overlooked.
                self._stir.clear()
                end = self._end(connection, watchdog)
                if connection.confirmed is not None:
                    self._note(connection.confirmed, connection.complaint)
                if end:
                    self._say(end.sentence)
                    return end
                if connection.confirmed is None:
                    # The handshake has a limit of its own.
                    self._stir.wait()
                else:
                    self._clock.wait(watchdog.left_s(self._clock.now_ms()), self._stir)
        finally:
            # Only what lasted proves that all is well: others begin well and end soon, again and again.
            if self.connected and self._clock.now_ms() - began_ms >= LONGEST_S * 1000:
                self._backoff.reset()
            self.connected = False
            connection.close()

    def _end(self, connection: Connection, watchdog: Watchdog) -> End | None:
        if self._stopping.is_set():
            return End("The stream was stopped.")
        if connection.end:
            return connection.end
        if self._inbox.full:
            return End("Bars come faster than they are taken: the stream rests until they are.")
        if connection.confirmed is not None and not watchdog.left_s(self._clock.now_ms()):
            return End(f"Alpaca's stream was connected but silent for {self._silence_s:g} s while the market was open.")
        return None

    def _hear(self, messages: Sequence[Any], watchdog: Watchdog) -> None:
        watchdog.heard(self._clock.now_ms())
        self._inbox.put(messages)
        self.received += len(messages)
        self.wake.set()
        if self._inbox.full:
            self._stir.set()

    def _note(self, confirmed: frozenset[str], complaint: str | None) -> None:
        self.missing = frozenset(self._symbols) - confirmed
        missing = f"Alpaca's stream sends no bars of {', '.join(sorted(self.missing))}." if self.missing else None
        self._say(complaint or missing)
        if not self.connected:
            self.connected = True
            self.connections += 1
            self.wake.set()
            log.info("Connected to Alpaca's stream: %d symbols.", len(confirmed))

    def _say(self, trouble: str | None) -> None:
        if trouble and trouble != self.trouble and not self._stopping.is_set():
            log.warning("%s", trouble)
        self.trouble = trouble
        self.wake.set()
