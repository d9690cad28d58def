"""Follows the demo's signals until the last one can be read."""

import time
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from app.demo.children import ChildProcess, StackService
from app.demo.http import Http
from app.demo.signal_feed import SignalFeed
from app.demo.view import DemoView
from app.errors import StocksError

_READ_S = 0.1
_SAY_HOLDS_EVERY_S = 2.0
_PATIENCE_S = 90.0  # In real time a bar comes once a minute.


class DemoWatch:
    """Shows the signals of a run as they come, and looks after the processes that make them.

    Raises StocksError when a process ends, the producer fails, or nothing moves any more.
    """

    def __init__(
        self,
        run_id: str,
        symbols: Sequence[str],
        feed: SignalFeed,
        http: Http,
        view: DemoView,
        children: Sequence[ChildProcess | StackService],
        console: Console,
    ) -> None:
        self._run_id, self._symbols = run_id, symbols
        self._feed, self._http, self._view = feed, http, view
        self._children, self._console = children, console
        self._holds_said_at = time.monotonic()

    def until_all_is_readable(self, started: float) -> None:
        """Returns once the API has the last bar's signal of every symbol. `started`: when the demo was, monotonic."""
        moved_at, before = time.monotonic(), None
        first: str | None = None
        while True:
            self._look()
            health = self._producer()
            if not first and self._view.counts and (first := self._http.newest(self._run_id)):
                seconds = time.monotonic() - started
                self._console.print(f"The first signal was readable through the API after {seconds:.1f} s.")
            if health["status"] == "finished" and self._all_there(health):
                break
            now = (self._view.counts.total(), health["messages_sent"], first)
            if now != before:
                moved_at, before = time.monotonic(), now
            elif time.monotonic() - moved_at > _PATIENCE_S:
                raise StocksError(self._stuck(health))
        self._view.say_holds()
        self._console.print(
            f"{self._view.total()}. The last bar's are readable for {', '.join(self._symbols)}.",
            soft_wrap=True,
        )

    def on(self) -> None:
        """Go on until something fails, or until KeyboardInterrupt."""
        while True:
            self._look()

    def _look(self) -> None:
        for child in self._children:
            child.check()
        self._view.show(self._feed.read(_READ_S))
        if time.monotonic() - self._holds_said_at > _SAY_HOLDS_EVERY_S:
            self._holds_said_at = time.monotonic()
            self._view.say_holds()

    def _producer(self) -> dict[str, Any]:
        health = self._http.producer() or {"status": "starting", "messages_sent": 0}
        if health["status"] == "failed":
            raise StocksError(f"The producer failed: {health['last_error']}")
        return health

    def _all_there(self, health: dict[str, Any]) -> bool:
        """Whether all signals have come, and the API has each symbol's last."""
        return self._view.counts.total() >= health["messages_sent"] and all(
            self._http.newest(self._run_id, symbol) == health["last_bar_at"] for symbol in self._symbols
        )

    def _stuck(self, health: dict[str, Any]) -> str:
        readiness = self._http.readiness()
        worker = f"says {readiness}" if readiness else "does not answer"
        logs = " and ".join(str(child.log) for child in self._children)
        return (
            f"Nothing has moved for {_PATIENCE_S:.0f} s, after {self._view.counts.total():,} signals. "
            f"The producer is {health['status']} with {health['messages_sent']:,} bars sent"
            f"{': ' + health['last_error'] if health.get('last_error') else ''}; the worker {worker}. "
            f"See {logs}, and whether another worker runs with the same APP_ID."
        )
