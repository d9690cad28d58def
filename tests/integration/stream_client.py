"""A client of GET /stream, as plain as one can be: sockets, lines, ids."""

import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit


class ReceivedEvent(NamedTuple):
    """One server-sent event."""

    name: str
    id: str | None
    data: Any


class StreamClient:
    """Reads events until asked to stop; a context manager. `last_id` is that of the newest event that was read."""

    def __init__(self, url: str, query: str = "", last_id: str | None = None, timeout: float = 30) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
        headers = {"Last-Event-ID": last_id} if last_id else {}
        self._connection.request("GET", f"/stream?{query}", headers=headers)
        self.response = self._connection.getresponse()
        self.last_id = last_id
        self.comments = 0
        self.retry: int | None = None

    def __enter__(self) -> "StreamClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()
        self.response.close()

    def events(self) -> Iterator[ReceivedEvent]:
        """Until the stream ends; raises OSError or http.client.HTTPException when it is cut."""
        name, id_, data = "message", None, ""
        while line := self.response.readline():
            text = line.decode().rstrip("\n")
            field, _, value = text.partition(": ")
            if not text:
                if data:
                    self.last_id = id_ or self.last_id
                    yield ReceivedEvent(name, id_, json.loads(data))
                name, id_, data = "message", None, ""
            elif text.startswith(":"):
                self.comments += 1
            elif field == "event":
                name = value
            elif field == "id":
                id_ = value
            elif field == "data":
                data = value
            elif field == "retry":
                self.retry = int(value)

    def take(self, count: int, name: str = "signal") -> list[ReceivedEvent]:
        """The next so many events of a name; others are passed over."""
        found: list[ReceivedEvent] = []
        for event in self.events():
            if event.name == name:
                found.append(event)
                if len(found) == count:
                    return found
        raise AssertionError(f"the stream ended after {len(found)} of {count} events {name}")


def connect(port: int, receive_bytes: int, path: str) -> socket.socket:
    """A raw connection with a receive buffer of about so many bytes, whose request is sent."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    sock.connect(("127.0.0.1", port))
    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    return sock
