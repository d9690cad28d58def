"""What no ordinary server does, said byte by byte."""

import gzip
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import pytest
import requests

from app.sources.alpaca.transport import Transport

BODY = b'{"bars": {}}'


@contextmanager
def server(*parts: bytes) -> Iterator[str]:
    """Sends `parts` to each that asks, one every 30 ms, and then keeps silent."""
    done = threading.Event()

    def serve() -> None:
        while not done.is_set():
            with suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    for part in parts:
                        connection.sendall(part)
                        done.wait(0.03)
                    done.wait(30)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            done.set()
            with suppress(OSError), socket.create_connection(listener.getsockname()):
                pass
            thread.join()


def head(status: str = "200 OK", *lines: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()


def get(url: str, timeout_s: float = 30.0, headers: list[Mapping[str, str]] | None = None) -> requests.Response:
    with requests.Session() as session:
        Transport(timeout_s, (headers if headers is not None else []).append).mount(session, url)
        return session.get(url)


def test_an_answer_in_pieces_is_put_together() -> None:
    pieces = [b"%x\r\n%s\r\n" % (len(part), part) for part in (BODY[:5], BODY[5:])]
    came: list[Mapping[str, str]] = []
    with server(head("200 OK", "Transfer-Encoding: chunked", "X-RateLimit-Remaining: 7"), *pieces, b"0\r\n\r\n") as url:
        assert get(url, headers=came).json() == {"bars": {}}
    assert [headers["x-ratelimit-remaining"] for headers in came] == ["7"]


def test_a_packed_answer_is_unpacked() -> None:
    packed = gzip.compress(BODY)
    with server(head("200 OK", "Content-Encoding: gzip", f"Content-Length: {len(packed)}"), packed) as url:
        assert get(url).json() == {"bars": {}}


def test_silence_ends_it() -> None:
    with server() as url, pytest.raises(requests.Timeout):
        get(url, 0.1)


def test_silence_in_the_middle_ends_it() -> None:
    with server(head("200 OK", "Content-Length: 12"), BODY[:5]) as url, pytest.raises(requests.ConnectionError):
        get(url, 0.1)


def test_an_answer_that_drips_for_ever_ends_too_and_its_rest_is_not_taken_for_the_next() -> None:
    drops = [b"\n"] * 100
    with server(head("200 OK", "Content-Length: 100"), *drops) as url, requests.Session() as session:
        Transport(0.2, lambda _: None).mount(session, url)
        for _ in range(2):
            with pytest.raises(requests.ReadTimeout):
                session.get(url)


@pytest.mark.parametrize("status", ["204 No Content", "301 Moved", "429 Too Many", "500 Oops"])
def test_only_success_is_an_answer(status: str) -> None:
    with server(head(status, "Content-Length: 2"), b"{}") as url:
        if status.startswith("2"):
            assert get(url).text == ""
            return
        with pytest.raises(requests.HTTPError) as caught:
            get(url)
    assert caught.value.response is not None
    assert f"{caught.value.response.status_code}" == status[:3]
    assert caught.value.response.text == "{}"
