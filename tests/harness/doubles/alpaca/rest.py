"""The double's REST server."""

import json
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.harness.doubles.alpaca.answers import Answers, Refused
from tests.harness.doubles.alpaca.limit import RequestLimit
from tests.harness.doubles.alpaca.request_log import LoggedRequest
from tests.harness.doubles.alpaca.server_faults import CutOff, Fault, Reset, ServerFaults, Slow, Status, Truncated

_FORBIDDEN = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
_REASONS = {403: "403 Forbidden", 429: "429 Too Many Requests", 500: "500 Internal Server Error"}
_CLOSE_BY_RESET = struct.pack("ii", 1, 0)


class Rest:
    """Answers on a free port of this machine. `requests` is the log, in the order of arrival."""

    def __init__(
        self,
        answers: Answers,
        now_ms: Callable[[], int],
        *,
        keys: tuple[str, str],
        per_minute: int,
    ) -> None:
        self.requests: list[LoggedRequest] = []
        self.faults = ServerFaults()
        # The trading API and the market data API have a limit each.
        self.limits = {"trading": RequestLimit(per_minute), "data": RequestLimit(per_minute)}
        self.answers, self._now_ms = answers, now_ms
        self._keys = keys
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._connections: set[socket.socket] = set()
        rest = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def setup(self) -> None:
                super().setup()
                rest._connections.add(self.connection)

            def finish(self) -> None:
                rest._connections.discard(self.connection)
                super().finish()

            def do_GET(self) -> None:
                rest._handle(self)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A client that hangs up is no news."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="alpaca-rest", daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self._connections):
            _hang_up(connection)
        self._thread.join()

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        url = urlsplit(handler.path)
        asked = LoggedRequest(self._now_ms(), url.path, dict(parse_qsl(url.query)))
        with self._lock:
            quota = self.limits["data" if "/stocks/" in url.path else "trading"].take(asked.moment_ms)
            fault = self.faults.take(asked) if quota.granted else None
            status, kind, body = self._answer(asked, handler, quota.granted, fault)
            self.requests.append(asked._replace(status=status))
        headers = {"Content-Type": kind, **quota.headers}
        if isinstance(fault, Status) and fault.retry_after is not None:
            headers["Retry-After"] = fault.retry_after
        if isinstance(fault, Slow):
            self._stopped.wait(fault.seconds)
        self._send(handler, status, headers, body, fault)

    def _answer(
        self, request: LoggedRequest, handler: BaseHTTPRequestHandler, granted: bool, fault: Fault | None
    ) -> tuple[int, str, bytes]:
        keys = tuple(handler.headers.get(name, "") for name in ("APCA-API-KEY-ID", "APCA-API-SECRET-KEY"))
        if keys != self._keys:
            if "/stocks/" in request.path:
                return _html(403)
            return _json(401, {"code": 40110000, "message": "request is not authorized"})
        if not granted:
            return _json(429, {"message": "too many requests."})
        if isinstance(fault, Status):
            code = {"code": fault.status * 100_000}
            return _html(fault.status) if fault.html else _json(fault.status, {**code, "message": fault.message})
        try:
            return _json(200, self.answers.answer(request))
        except Refused as refused:
            return _json(refused.status, refused.body)

    def _send(
        self,
        handler: BaseHTTPRequestHandler,
        status: int,
        headers: dict[str, str],
        body: bytes,
        fault: Fault | None,
    ) -> None:
        if isinstance(fault, Truncated):
            body = body[: len(body) * 2 // 3]
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if not isinstance(fault, Reset | CutOff):
            handler.wfile.write(body)
            return
        handler.wfile.write(body[: len(body) // 2])
        handler.wfile.flush()
        handler.close_connection = True
        if isinstance(fault, Reset):
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _CLOSE_BY_RESET)
            handler.connection.close()


def _json(status: int, body: Any) -> tuple[int, str, bytes]:
    return status, "application/json; charset=UTF-8", json.dumps(body).encode()


def _html(status: int) -> tuple[int, str, bytes]:
    return status, "text/html", _FORBIDDEN.format(_REASONS.get(status, f"{status} Error")).encode()


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
