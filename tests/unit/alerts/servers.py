"""Real HTTP and SMTP servers on free ports of this machine."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from http.server import BaseHTTPRequestHandler
from typing import Any

from aiosmtpd.controller import Controller

from tests.harness.http_server import serving


@dataclass
class Request:
    """What a client sent, when (seconds since 1970), and with which status it was answered, or would have been."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float
    status: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class HttpServer:
    """Answers every POST with `status` once `go_on` is set; keeps what came, whatever it answered."""

    port: int = 0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def __post_init__(self) -> None:
        self.go_on.set()

    def url(self, scheme: str = "http", path: str = "/hook") -> str:
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    @contextmanager
    def running(self) -> Iterator["HttpServer"]:
        """Listen, on the same port each time."""
        outer = self

        class Answers(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status = outer.status
                outer.requests.append(Request(self.path, headers, body, time.time(), status))
                outer.arrived.release()
                outer.go_on.wait(30)
                try:
                    self.send_response(status)
                    for name, value in outer.headers.items():
                        self.send_header(name, value)
                    self.send_header("content-length", "0")
                    self.end_headers()
                except OSError:
                    return  # The client has gone.

        with serving(Answers, self.port) as self.port:
            try:
                yield self
            finally:
                self.go_on.set()


@dataclass
class Mail:
    """A message that arrived."""

    sender: str
    recipients: list[str]
    content: Message

    @property
    def subject(self) -> str:
        return str(make_header(decode_header(self.content["Subject"])))

    @property
    def text(self) -> str:
        parts = [part for part in self.content.walk() if not part.is_multipart()]
        return "\n".join(part.get_payload(decode=True).decode() for part in parts)  # type: ignore[union-attr]


class _Keeps:
    def __init__(self, mails: list[Mail], refuse: list[str]) -> None:
        self._mails, self._refuse = mails, refuse

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self._refuse:
            return self._refuse[0]
        self._mails.append(Mail(envelope.mail_from, envelope.rcpt_tos, message_from_bytes(envelope.content)))
        return "250 OK"


@contextmanager
def smtp_server(port: int, mails: list[Mail], refuse: list[str]) -> Iterator[None]:
    """Takes mail into `mails`; while there is something in `refuse`, that is its answer."""
    controller = Controller(_Keeps(mails, refuse), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield
    finally:
        controller.stop()
