"""One connection to Alpaca's stream from the attempt to its end, on a thread and an event loop of its own."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from app.sources.alpaca.access import Access
from app.sources.alpaca.stream_codes import refusal
from app.sources.alpaca.stream_failures import End, end_of
from app.sources.alpaca.stream_socket import Garbled, Refused, StreamSocket

HANDSHAKE_S = 15.0
_CLOSE_S = 1.5


class Connection:
    """Connects when made. `on_messages` gets each frame's messages but those of the protocol itself, and Garbled
    for a frame that cannot be read; `on_change` is called when `confirmed` or `end` changed. Both are called in the
    connection's thread.
    """

    def __init__(
        self,
        access: Access,
        symbols: Sequence[str],
        *,
        on_messages: Callable[[list[Any]], None],
        on_change: Callable[[], None],
        handshake_s: float = HANDSHAKE_S,
    ) -> None:
        self.confirmed: frozenset[str] | None = None
        """The symbols whose bars and updated bars the server says it will send; None before it said so."""
        self.end: End | None = None
        """Why it is over; None while it is not."""
        self._access, self._symbols, self._handshake_s = access, symbols, handshake_s
        self._on_messages, self._on_change = on_messages, on_change
        self._closing = False
        self._cancel: Callable[[], object] | None = None
        self._stage = ""
        self._complaint: End | None = None
        self._thread = threading.Thread(target=self._run, name="alpaca-connection", daemon=True)
        self._thread.start()

    @property
    def complaint(self) -> str | None:
        """An error that the server reported after confirming, until bars come again."""
        return self._access.redact(self._complaint.sentence) if self._complaint else None

    def close(self) -> None:
        """From another thread; returns when nothing is left of it, at the latest after 1.5 s."""
        self._closing = True
        if self._cancel:
            # Its loop may have ended meanwhile.
            with suppress(RuntimeError):
                self._cancel()
        self._thread.join(_CLOSE_S)

    def _run(self) -> None:
        end = End("The stream was closed.")
        try:
            asyncio.run(self._converse())
        except asyncio.CancelledError:
            pass
        except TimeoutError:
            end = End(f"Alpaca's stream at {self._access.stream_url} did not {self._stage} in {self._handshake_s:g} s.")
        except Exception as error:  # noqa: BLE001 - whatever a server can make a client raise
            end = self._complaint or end_of(error, self._access.stream_url)
        finally:
            self.end = end._replace(sentence=self._access.redact(end.sentence))
            self._on_change()

    async def _converse(self) -> None:
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        self._cancel = lambda: task and loop.call_soon_threadsafe(task.cancel)
        if self._closing:
            return
        socket = StreamSocket(self._access, self._symbols)
        try:
            async with asyncio.timeout(self._handshake_s):
                await self._shake_hands(socket)
            while True:
                await self._take_frame(socket)
        finally:
            await socket.close()

    async def _shake_hands(self, socket: StreamSocket) -> None:
        self._stage = "open the connection and welcome us"
        await socket.connect()
        self._stage = "answer the keys"
        await socket.authenticate()
        self._stage = "confirm the subscription"
        await socket.subscribe()
        while self.confirmed is None:
            await self._take_frame(socket)

    async def _take_frame(self, socket: StreamSocket) -> None:
        try:
            messages = await socket.messages()
        except Garbled as error:
            self._on_messages([error])
            return
        data = [each for each in messages if _type(each) not in ("subscription", "error", "success")]
        if data:
            self._complain(None)
            self._on_messages(data)
        for message in messages:
            if _type(message) == "subscription":
                self._confirm(message)
            elif _type(message) == "error":
                self._refuse(message)

    def _confirm(self, message: dict[str, Any]) -> None:
        bars, updates = (_symbols(message.get(channel)) for channel in ("bars", "updatedBars"))
        confirmed = bars & updates & set(self._symbols)
        if not confirmed and self.confirmed is None:
            raise Garbled("a subscription without any of our symbols")
        if confirmed != self.confirmed:
            self.confirmed = confirmed
            self._on_change()

    def _refuse(self, message: dict[str, Any]) -> None:
        known = refusal(message.get("code"), message.get("msg"))
        if self.confirmed is None:
            raise Refused(known)
        # Bars may go on; if the server closes, this is why.
        self._complain(End(known.sentence, known.lasts))

    def _complain(self, complaint: End | None) -> None:
        if complaint != self._complaint:
            self._complaint = complaint
            self._on_change()


def _type(message: Any) -> Any:
    return message.get("T") if isinstance(message, dict) else None


def _symbols(listed: Any) -> frozenset[str]:
    return frozenset(each for each in listed if isinstance(each, str)) if isinstance(listed, list) else frozenset()
