"""One websocket to Alpaca's stream, by the alpaca-trade-api client: the only file that knows this part of it.

The client's own loop cannot be used: refused, it connects again 65 to 90 times a
second without closing what it had; an error in a handler costs the rest of the
frame; silence it never notices. Its `DataStream` does connecting, keys and
subscribing, and is not asked to do more. `_Frames` sees what it reads, as it
forgets the code of an error. The private names below are guarded by a test.
"""

import logging
from collections.abc import Sequence
from typing import Any, cast

import msgpack
from alpaca_trade_api.stream import DataStream
from websockets.legacy.client import WebSocketClientProtocol
from websockets.legacy.exceptions import RedirectHandshake

from app.sources.alpaca.access import Access
from app.sources.alpaca.stream_codes import Refusal, refusal

PRIVATE = ("_connect", "_auth", "_subscribe_all", "_ws")

# Frames hold the keys; websockets logs them at level DEBUG.
_log = logging.getLogger("app.sources.alpaca.frames")
_log.setLevel(logging.WARNING)

_WEBSOCKET = {
    "logger": _log,
    "open_timeout": None,  # connection.py has one limit for all of the handshake
    "close_timeout": 0.2,  # applied to each of up to five steps
    "ping_interval": 10,
    "ping_timeout": 20,
    "max_size": 1 << 24,
}


class Garbled(ValueError):
    """A frame, or a part of one, that is not Alpaca's protocol; the message says what it is."""


class Refused(Exception):
    """The server said no; `refusal` says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.sentence)
        self.refusal = refusal


class Redirected(Exception):
    """The server sends us elsewhere, where the keys shall not go."""


class _Frames(WebSocketClientProtocol):
    """Takes refusals out of what the client reads in its handshake, and follows no redirect."""

    async def handshake(self, *args: Any, **kwargs: Any) -> None:
        try:
            await super().handshake(*args, **kwargs)
        except RedirectHandshake as error:
            raise Redirected(error.uri) from None

    async def recv(self) -> Any:
        frame = await super().recv()
        for message in unpack(frame):
            if isinstance(message, dict) and message.get("T") == "error":
                raise Refused(refusal(message.get("code"), message.get("msg")))
        return frame

    async def next_messages(self) -> list[Any]:
        return unpack(await super().recv())


class StreamSocket:
    """One connection: `connect`, `authenticate`, `subscribe`, then `messages` until it raises; `close` in any case."""

    def __init__(self, access: Access, symbols: Sequence[str]) -> None:
        self._client = DataStream(
            access.key_id.get_secret_value(),
            access.secret.get_secret_value(),
            access.stream_url,
            raw_data=True,
            feed=access.feed,
            websocket_params={**_WEBSOCKET, "create_protocol": _Frames},
        )
        self._client.subscribe_bars(_unused, *symbols)
        self._client.subscribe_updated_bars(_unused, *symbols)

    async def connect(self) -> None:
        """Connects and takes the welcome."""
        await self._client._connect()

    async def authenticate(self) -> None:
        """Sends the keys and takes the answer."""
        await self._client._auth()

    async def subscribe(self) -> None:
        """Asks for bars and updated bars; the answer is among `messages`."""
        await self._client._subscribe_all()

    async def messages(self) -> list[Any]:
        """The next frame's messages. Raises Garbled, ConnectionClosed."""
        return await cast(_Frames, self._client._ws).next_messages()

    async def close(self) -> None:
        """Within about a second, whatever the server does; does nothing where nothing is open."""
        await self._client.close()


def unpack(frame: str | bytes) -> list[Any]:
    """The messages of one frame. Raises Garbled."""
    if isinstance(frame, str):
        raise Garbled(f"a frame of text, not msgpack: {frame!r:.100}")
    try:
        messages = msgpack.unpackb(frame)
    except ValueError as error:
        raise Garbled(f"a frame that is not msgpack ({error}): {frame!r:.100}") from None
    if not isinstance(messages, list):
        raise Garbled(f"a frame that is no list of messages: {messages!r:.100}")
    return messages


async def _unused(_: object) -> None:
    """The client wants a handler for each symbol, and is never asked to call it."""
