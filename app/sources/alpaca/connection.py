"""One connection to Alpaca's stream from the attempt to its end, on a thread and an event loop of its own.

The only file that uses the websocket part of the alpaca-trade-api client. The client's own loop cannot be used: when it
is refused it connects again 65 to 90 times a second without closing what it had; an error in a handler costs the rest
of the frame; it never notices silence. So its `DataStream` only connects, sends the keys and subscribes. It forgets the
code of an error, so `_Frames` looks at what it reads. A test guards the private names that are used here.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from alpaca_trade_api.stream import DataStream
from websockets.legacy.client import WebSocketClientProtocol
from websockets.legacy.exceptions import RedirectHandshake

from app.sources.alpaca.access import Access
from app.sources.alpaca.errors import AlpacaError, ProtocolError, Unavailable, refusal, stream_error
from app.sources.alpaca.parse import frame

PRIVATE = ("_connect", "_auth", "_subscribe_all", "_ws")
_CLOSE_S = 1.5

# Frames hold the keys; websockets logs them at level DEBUG.
_log = logging.getLogger("app.sources.alpaca.frames")
_log.setLevel(logging.WARNING)


class Connection:
    """Connects when made, and asks for bars and updated bars of `symbols`.

    `on_messages` gets each frame's messages but those of the protocol itself, and a ProtocolError for a frame that
    cannot be read. `on_change` is called when `confirmed`, `complaint` or `error` changed. Both are called in the
    connection's thread. What `complaint` and `error` say may hold the keys: see `Access.redact`.
    """

    def __init__(
        self,
        access: Access,
        symbols: Sequence[str],
        *,
        on_messages: Callable[[list[Any]], None],
        on_change: Callable[[], None],
        handshake_s: float,
    ) -> None:
        self.confirmed: set[str] | None = None
        """The symbols whose bars and updated bars the server says it will send; None before it said so."""
        self.complaint: AlpacaError | None = None
        """An error that the server reported after confirming, until bars come again."""
        self.error: AlpacaError | None = None
        """Why the connection ended; None while it has not."""
        self._access, self._symbols, self._handshake_s = access, symbols, handshake_s
        self._on_messages, self._on_change = on_messages, on_change
        self._closing = False
        self._cancel: Callable[[], object] | None = None
        self._thread = threading.Thread(target=self._run, name="alpaca-connection", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """From another thread; returns when nothing is left of it, at the latest after 1.5 s."""
        self._closing = True
        if self._cancel:
            # Its loop may have ended meanwhile.
            with suppress(RuntimeError):
                self._cancel()
        self._thread.join(_CLOSE_S)

    def _run(self) -> None:
        ended: AlpacaError = Unavailable("The stream was closed.")
        try:
            asyncio.run(self._converse())
        except asyncio.CancelledError:
            pass
        except Exception as error:  # noqa: BLE001 - whatever a server can make a client raise
            ended = self.complaint or stream_error(error, self._access.stream_url)
        finally:
            self.error = ended
            self._on_change()

    async def _converse(self) -> None:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        self._cancel = lambda: task and loop.call_soon_threadsafe(task.cancel)
        if self._closing:
            return
        client = _client(self._access, self._symbols)
        stage = "open the connection and welcome us"
        try:
            async with asyncio.timeout(self._handshake_s):
                await client._connect()
                stage = "answer the keys"
                await client._auth()
                stage = "confirm the subscription"
                await client._subscribe_all()
                while self.confirmed is None:
                    await self._take_frame(client._ws)
            while True:
                await self._take_frame(client._ws)
        except TimeoutError:
            late = f"Alpaca's stream at {self._access.stream_url} did not {stage} in {self._handshake_s:g} s."
            raise Unavailable(late) from None
        finally:
            await client.close()

    async def _take_frame(self, frames: "_Frames") -> None:
        try:
            messages = await frames.next_messages()
        except ProtocolError as error:
            self._on_messages([error])
            return
        before = self.confirmed, self.complaint
        if data := [each for each in messages if _type(each) not in ("subscription", "error", "success")]:
            self.complaint = None
            self._on_messages(data)
        for message in messages:
            if _type(message) == "subscription":
                self._confirm(message)
            elif _type(message) == "error":
                # Once confirmed, bars may go on; if the server closes, this is why.
                self.complaint = refusal(message.get("code"), message.get("msg"))
                if self.confirmed is None:
                    raise self.complaint
        if before != (self.confirmed, self.complaint):
            self._on_change()

    def _confirm(self, message: dict[str, Any]) -> None:
        channels = [_texts(message.get(channel)) for channel in ("bars", "updatedBars")]
        confirmed = set(self._symbols).intersection(*channels)
        if not confirmed and self.confirmed is None:
            raise ProtocolError("a subscription without any of our symbols")
        self.confirmed = confirmed


class _Frames(WebSocketClientProtocol):
    """Raises the refusals in what the client reads in its handshake, and follows no redirect."""

    async def handshake(self, *args: Any, **kwargs: Any) -> None:
        try:
            await super().handshake(*args, **kwargs)
        except RedirectHandshake as error:
            # The keys shall not go there.
            raise AlpacaError(
                f"Alpaca's stream redirects to {error.uri}: set APCA_API_STREAM_URL to the right address."
            ) from None

    async def recv(self) -> Any:
        data = await super().recv()
        for message in frame(data):
            if _type(message) == "error":
                raise refusal(message.get("code"), message.get("msg"))
        return data

    async def next_messages(self) -> list[Any]:
        return frame(await super().recv())


def _client(access: Access, symbols: Sequence[str]) -> DataStream:
    client = DataStream(
        access.key_id.get_secret_value(),
        access.secret.get_secret_value(),
        access.stream_url,
        raw_data=True,
        feed=access.feed,
        websocket_params={
            "create_protocol": _Frames,
            "logger": _log,
            "open_timeout": None,  # one limit for the whole handshake is above
            "close_timeout": 0.2,  # applied to each of up to five steps
            "ping_interval": 10,
            "ping_timeout": 20,
            "max_size": 1 << 24,
        },
    )
    client.subscribe_bars(_unused, *symbols)
    client.subscribe_updated_bars(_unused, *symbols)
    return client


async def _unused(_: object) -> None:
    """The client wants a handler for each symbol; nobody calls it."""


def _texts(listed: Any) -> list[str]:
    return [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []


def _type(message: Any) -> Any:
    return message.get("T") if isinstance(message, dict) else None
