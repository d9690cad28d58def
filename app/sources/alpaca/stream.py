"""Live bars by websocket."""

import logging
import random
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from app.sources.alpaca.access import Access
from app.sources.alpaca.bar import AlpacaBar
from app.sources.alpaca.connection import Connection
from app.sources.alpaca.errors import AlpacaError, Unavailable
from app.sources.alpaca.parse import OnBad, stream_bars
from app.sources.clock import Clock

log = logging.getLogger(__name__)

HANDSHAKE_S = 15.0
SILENCE_S = 180.0
MOST_PENDING = 100_000
LONGEST_S = 60.0
# Steps double. Each wait is a random part of its step ("full jitter"), so that programs that failed together come back
# apart: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
_FIRST_S = 1.0
_REFUSED_S = 32.0
"""The first step if the error is permanent."""
_STOP_S = 2.0

Spawn = Callable[[Callable[[], None], str], threading.Thread]


def _spawn(work: Callable[[], None], name: str) -> threading.Thread:
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread


class Stream:
    """Bars and updated bars of `symbols`, as they come, from one connection that is made again when it ends.

    Never more than one connection, and one attempt a step of the backoff, whatever the server does; none after
    `stop`. A connection that brings nothing for `silence_s` of a session is given up: `open_for_s` says how long the
    market has been open, 0 while it is closed.
    What was missed while there was none is the caller's to fetch: `connections` grows each time bars begin to come.
    `spawn` starts a thread, `most_pending` bounds the messages that wait to be taken.
    """

    def __init__(
        self,
        access: Access,
        clock: Clock,
        symbols: Sequence[str],
        open_for_s: Callable[[], float],
        on_bad: OnBad = lambda _: None,
        *,
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
        self.received = 0
        """Messages so far, of all connections."""
        self._access, self._symbols, self._clock, self._open_for_s = access, frozenset(symbols), clock, open_for_s
        self._on_bad, self._most_pending = on_bad, most_pending
        self._silence_s, self._handshake_s, self._spawn = silence_s, handshake_s, spawn
        self._random = randomness or random.Random()  # noqa: S311 - it spreads attempts and guards nothing
        self._pending: deque[Any] = deque()
        self._newest_ms = 0
        """When the newest message came, or the connection began."""
        self._stopping, self._stir = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins to connect; to be called once."""
        self._thread = self._spawn(self._run, "alpaca-stream")

    def stop(self) -> None:
        """Ends the connection and all attempts, within 2 s."""
        self._stopping.set()
        self._stir.set()
        if self._thread:
            self._thread.join(_STOP_S)

    def take(self) -> list[AlpacaBar]:
        """The bars that came since the last time, in that order; clears `wake`.

        Why a message is no bar goes to `on_bad`. A minute may come again, with other values (a correction) or the
        same. For one thread at a time.
        """
        self.wake.clear()
        messages = (self._pending.popleft() for _ in range(len(self._pending)))
        return list(stream_bars(messages, self._symbols, lambda reason: self._on_bad(self._access.redact(reason))))

    def _run(self) -> None:
        step_s = _FIRST_S / 2
        try:
            while not self._stopping.is_set():
                began_ms = self._clock.now_ms()
                error = self._follow()
                # Only then do the steps begin again: a server may let all in and close a second later, for hours.
                lasted = self._clock.now_ms() - began_ms >= LONGEST_S * 1000
                step_s = _FIRST_S if lasted else min(2 * step_s, LONGEST_S)
                if error.permanent:
                    step_s = max(step_s, _REFUSED_S)
                self._clock.wait(self._random.uniform(0, step_s), self._stopping)
                while self._full and not self._stopping.is_set():
                    self._clock.wait(LONGEST_S, self._stopping)
        except Exception as error:
            log.exception("The stream's thread ended.")
            self._say(
                f"The stream ended by a fault of this program ({type(error).__name__}): see the log, start again."
            )

    def _follow(self) -> AlpacaError:
        """One connection, from the attempt to its end; returns why it ended."""
        self._newest_ms = self._clock.now_ms()
        connection = Connection(
            self._access,
            sorted(self._symbols),
            on_messages=self._receive,
            on_change=self._stir.set,
            handshake_s=self._handshake_s,
        )
        try:
            while not (error := self._look(connection)):
                if self.connected:
                    self._clock.wait(self._left_s(), self._stir)
                else:
                    # The handshake has a limit of its own.
                    self._stir.wait()
            self._say(str(error))
            return error
        finally:
            self.connected = False
            self.wake.set()
            connection.close()

    def _look(self, connection: Connection) -> AlpacaError | None:
        """Shows how the connection is; returns why it ended or is given up."""
        # Cleared before looking, and the end is looked at first, so that no change is overlooked.
        self._stir.clear()
        error = connection.error
        if connection.confirmed is not None:
            self._show(connection.confirmed, connection.complaint)
        if self._stopping.is_set():
            return Unavailable("The stream was stopped.")
        if error:
            return error
        if self._full:
            return Unavailable("Bars come faster than they are taken: the stream rests until they are.")
        if self.connected and not self._left_s():
            return Unavailable(
                f"Alpaca's stream was connected but silent for {self._silence_s:g} s while the market was open."
            )
        return None

    @property
    def _full(self) -> bool:
        return len(self._pending) >= self._most_pending

    def _left_s(self) -> float:
        """How much longer the connection may be silent; a silence before the open means nothing."""
        silent_s = (self._clock.now_ms() - self._newest_ms) / 1000
        return max(0.0, self._silence_s - min(silent_s, self._open_for_s()))

    def _receive(self, messages: Sequence[Any]) -> None:
        self._newest_ms = self._clock.now_ms()
        self._pending.extend(messages)
        self.received += len(messages)
        self.wake.set()
        if self._full:
            self._stir.set()

    def _show(self, confirmed: set[str], complaint: AlpacaError | None) -> None:
        missing = ", ".join(sorted(self._symbols - confirmed))
        without = f"Alpaca's stream sends no bars of {missing}." if missing else None
        self._say(str(complaint) if complaint else without)
        if not self.connected:
            self.connected = True
            self.connections += 1
            self.wake.set()
            log.info("Connected to Alpaca's stream: %d symbols.", len(confirmed))

    def _say(self, trouble: str | None) -> None:
        trouble = trouble and self._access.redact(trouble)
        if trouble == self.trouble:
            return
        if trouble and not self._stopping.is_set():
            log.warning("%s", trouble)
        self.trouble = trouble
        self.wake.set()
