"""What the stream brought and nobody has taken yet."""

from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import Any

from app.sources.alpaca.bar import AlpacaBar, BadBar, from_stream
from app.sources.alpaca.stream_socket import Garbled
from app.sources.base import Fault, OnFault


class Inbox:
    """Messages of one thread, to be taken as bars by another.

    What is no bar of one of `symbols` goes to `on_fault`, in the thread that takes, `redact`ed and numbered from 1.
    """

    def __init__(self, symbols: Collection[str], most: int, on_fault: OnFault, redact: Callable[[str], str]) -> None:
        self._symbols, self._most = frozenset(symbols), most
        self._on_fault, self._redact = on_fault, redact
        self._messages: deque[Any] = deque()
        self._taken = 0

    @property
    def full(self) -> bool:
        """Whether `most` or more wait: bars come faster than they are taken."""
        return len(self._messages) >= self._most

    def put(self, messages: Sequence[Any]) -> None:
        """More messages, also when it is full."""
        self._messages.extend(messages)

    def take(self) -> list[AlpacaBar]:
        """The bars that came since the last time, in that order."""
        bars = []
        while self._messages:
            self._taken += 1
            try:
                if bar := self._bar(self._messages.popleft()):
                    bars.append(bar)
            except BadBar as error:
                self._on_fault(Fault(self._taken, self._redact(str(error))))
        return bars

    def _bar(self, message: Any) -> AlpacaBar | None:
        if isinstance(message, Garbled):
            raise BadBar(str(message))
        if not isinstance(message, dict) or "T" not in message:
            raise BadBar(f"a message without a type: {message!r:.200}")
        if message["T"] not in ("b", "u"):
            return None
        bar = from_stream(message)
        if bar.symbol not in self._symbols:
            raise BadBar(f"a bar of {bar.symbol!r:.40}, which was not asked for")
        return bar
