"""The connection of `stocks watch`."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from app.cli.event_stream import Event, EventStream, StreamRefused

BEARER = {"Authorization": "Bearer 0123456789abcdef"}


@contextmanager
def worker() -> Iterator[str]:
    """One event for those who have the token; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            right = self.headers["Authorization"] == BEARER["Authorization"]
            self.send_response(200 if right else 401)
            self.end_headers()
            self.wfile.write(b"event: signal\nid: 0:1\ndata: 1\n\n" if right else b'{"detail": "a token is asked for"}')

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_token_goes_with_the_request() -> None:
    with worker() as url:
        stream = EventStream([url], {}, headers=BEARER)
        assert next(iter(stream)) == Event("signal", "0:1", 1)
        stream.close()


def test_without_it_what_the_worker_says_is_said() -> None:
    with worker() as url:
        stream = EventStream([url], {})
        with pytest.raises(StreamRefused, match=r"401.*a token is asked for"):
            next(iter(stream))
        stream.close()
