"""Both servers over one tape."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from app.sources.clock import SystemClock
from tests.harness.doubles.alpaca.answers import Answers
from tests.harness.doubles.alpaca.exchange import Exchange, ExchangeSession
from tests.harness.doubles.alpaca.rest import Rest
from tests.harness.doubles.alpaca.stream import Stage, Stream
from tests.harness.doubles.alpaca.traded_bars import TradedBars

KEY_ID, SECRET_KEY = "PKDOUBLE0123456789AB", "a-secret-that-no-log-may-show"


class RealClock(SystemClock):
    """The machine's clock, as a stage."""

    def thread(self, work: Callable[[], None], name: str) -> threading.Thread:
        thread = threading.Thread(target=work, name=name, daemon=True)
        thread.start()
        return thread


class AlpacaDouble:
    """See the package's docstring. `per_minute` is the limit of each of the two REST APIs."""

    def __init__(
        self,
        tape: TradedBars,
        sessions: Sequence[ExchangeSession],
        clock: Stage,
        *,
        free: bool = True,
        knows_all: bool = False,
        per_minute: int = 200,
        **stream: Any,
    ) -> None:
        self.tape, self.exchange = tape, Exchange(sessions)
        answers = Answers(tape, self.exchange, free=free, knows_all=knows_all)
        keys = (KEY_ID, SECRET_KEY)
        self.rest = Rest(answers, clock.now_ms, keys=keys, per_minute=per_minute)
        self.stream = Stream(tape, clock, keys=keys, free=free, **stream)

    @property
    def environment(self) -> dict[str, str]:
        """The settings that lead a program here."""
        return {
            "APCA_API_KEY_ID": KEY_ID,
            "APCA_API_SECRET_KEY": SECRET_KEY,
            "APCA_API_BASE_URL": self.rest.url,
            "APCA_API_DATA_URL": self.rest.url,
            "APCA_API_STREAM_URL": self.stream.url,
        }

    @contextmanager
    def running(self) -> Iterator["AlpacaDouble"]:
        self.rest.start()
        self.stream.start()
        try:
            yield self
        finally:
            self.stream.stop()
            self.rest.stop()
