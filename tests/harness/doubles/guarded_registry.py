"""A registry that demands HTTP basic authentication, over TLS if asked to: a proxy in front of the real one."""

import base64
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.harness.http_client import http_client


class GuardedRegistry:
    """`url` ends like the real one's; `refused` counts requests without the right credentials."""

    def __init__(self, origin: str, key: str, secret: str, tls: ssl.SSLContext | None = None) -> None:
        self.refused = 0
        self.allowed = 0
        expected = "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()
        host, _, self._path = origin.removeprefix("http://").partition("/")
        guard = self
        # The client that asks has a limit of its own, and the real one may be slow beside other tests.
        client = http_client(base_url=f"http://{host}", timeout=60)

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.headers.get("Authorization") != expected:
                    guard.refused += 1
                    self.reply(HTTPStatus.UNAUTHORIZED, b'{"error_code": 401, "message": "Unauthorized"}')
                    return
                guard.allowed += 1
                passed = {name: self.headers[name] for name in ("Content-Type", "Accept") if name in self.headers}
                response = client.request(self.command, self.path, content=body, headers=passed)
                self.reply(response.status_code, response.content)

            do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

            def reply(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._scheme = "http"
        if tls is not None:
            self._scheme = "https"
            # Each connection shakes hands in its own thread, so that no client keeps the others waiting.
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}/{self._path}"

    @contextmanager
    def running(self) -> Iterator["GuardedRegistry"]:
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()
