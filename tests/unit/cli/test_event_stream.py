"""The connection of `stocks watch`: real ones, to a server of the test's."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from itertools import islice

import pytest

from app.cli.event_stream import Cut, EventParser, EventStream, StreamEvent, StreamRefused
from tests.harness.http_server import serving

BEARER = {"Authorization": "Bearer 0123456789abcdef"}


@contextmanager
def worker() -> Iterator[str]:
    """One event for those who have the token; its address."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            right = self.headers["Authorization"] == BEARER["Authorization"]
            self.send_response(200 if right else 401)
            self.end_headers()
            self.wfile.write(b"event: signal\nid: 0:1\ndata: 1\n\n" if right else b'{"detail": "a token is asked for"}')

    with serving(Answers) as port:
        yield f"http://127.0.0.1:{port}"


def test_the_token_goes_with_the_request() -> None:
    with worker() as url:
        stream = EventStream([url], {}, headers=BEARER)
        assert next(iter(stream)) == StreamEvent("signal", "0:1", 1)
        stream.close()


def test_without_it_what_the_worker_says_is_said() -> None:
    with worker() as url:
        stream = EventStream([url], {})
        with pytest.raises(StreamRefused, match=r"401.*a token is asked for"):
            next(iter(stream))
        stream.close()


class Scripted:
    """Answers each connection with the next of these (status, text), then with the last for ever."""

    def __init__(self, *answers: tuple[int, str]) -> None:
        self.answers = list(answers)
        self.last_ids: list[str | None] = []
        self.paths: list[str] = []

    @contextmanager
    def running(self) -> Iterator[str]:
        """Its address."""
        ours = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                ours.last_ids.append(self.headers["Last-Event-ID"])
                ours.paths.append(self.path)
                status, text = ours.answers.pop(0) if len(ours.answers) > 1 else ours.answers[0]
                self.send_response(status)
                self.end_headers()
                self.wfile.write(text.encode())

        with serving(Answers) as port:
            yield f"http://127.0.0.1:{port}"


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address at which nothing listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def test_after_a_cut_it_goes_on_behind_the_last_event() -> None:
    waits: list[float] = []
    first = (
        "retry: 250\n\nevent: signal\nid: 0:1\ndata: 1\n\nevent: signal\nid: 0:2\ndata: 2\n\nevent: signal\ndata: half"
    )
    server = Scripted((200, first), (200, "event: signal\nid: 0:3\ndata: 3\n\n"))
    with server.running() as url:
        stream = EventStream([url], {"symbols": "A,B"}, wait=waits.append)
        came = list(islice(stream, 4))
        stream.close()
    assert came == [
        StreamEvent("signal", "0:1", 1),
        StreamEvent("signal", "0:2", 2),
        Cut(f"{url}: the worker ended the stream"),
        StreamEvent("signal", "0:3", 3),
    ]
    assert server.last_ids == [None, "0:2"]
    assert waits == [0.25]
    assert server.paths == ["/stream?symbols=A%2CB"] * 2


def test_where_one_is_gone_the_next_is_asked(nobody: str) -> None:
    server = Scripted((200, "id: 0:1\ndata: 1\n\n"))
    with server.running() as url:
        stream = EventStream([nobody, url], {}, wait=lambda _: None)
        cut, event = islice(stream, 2)
        stream.close()
    assert isinstance(cut, Cut)
    assert cut.reason.startswith(f"{nobody}: ")
    assert event == StreamEvent("message", "0:1", 1)


def test_where_none_answers_to_begin_with_it_says_how_to_start_one(nobody: str) -> None:
    stream = EventStream([nobody, nobody], {}, wait=lambda _: None)
    with pytest.raises(
        StreamRefused, match=f"No worker answers at {nobody} or {nobody} .*start one with `make worker`"
    ):
        list(stream)
    stream.close()


def test_once_it_had_something_it_does_not_give_up() -> None:
    server = Scripted((200, "id: 0:1\ndata: 1\n\n"), (503, "restoring"), (503, "restoring"), (200, "data: 2\n\n"))
    with server.running() as url:
        stream = EventStream([url], {}, wait=lambda _: None)
        came = list(islice(stream, 5))
        stream.close()
    assert [event.data for event in came if isinstance(event, StreamEvent)] == [1, 2]
    assert sum(isinstance(event, Cut) for event in came) == 3


def test_what_is_no_json_is_a_cut() -> None:
    server = Scripted((200, "id: 0:1\ndata: 1\n\ndata: {\n\n"))
    with server.running() as url:
        stream = EventStream([url], {}, wait=lambda _: None)
        _, cut = islice(stream, 2)
        stream.close()
    assert isinstance(cut, Cut)


def test_a_refusal_without_a_sentence_is_told_as_it_is() -> None:
    server = Scripted((404, "<html>nothing"))
    with server.running() as url:
        stream = EventStream([url], {})
        with pytest.raises(StreamRefused, match=r"refuses the stream \(404\): <html>nothing"):
            list(stream)
        stream.close()


def test_events_are_parsed_as_the_standard_says() -> None:
    lines = [": heartbeat", "", "event: a", "id: 1", "data: [1,", "data: 2]", "", "data:3", "unknown: x", "", "data: 4"]
    parser = EventParser()
    assert list(parser.events(lines)) == [StreamEvent("a", "1", [1, 2]), StreamEvent("message", None, 3)]
    assert (parser.last_id, parser.retry_ms) == ("1", 2000)
    list(parser.events(["retry: 5", "retry: soon", "retry: -1"]))
    assert parser.retry_ms == 5
