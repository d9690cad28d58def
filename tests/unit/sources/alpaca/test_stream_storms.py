"""Whatever the server does: at most one attempt a step of the backoff, one connection at a time, and a sentence."""

import logging
import socket
import ssl
import threading
from http import HTTPStatus

import pytest
import trustme
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection

from tests.harness.doubles.virtual_clock import VirtualClock
from tests.unit.sources.alpaca.scripted_stream import (
    MINUTE,
    SECRET,
    WELCOME,
    Gate,
    Script,
    Scripted,
    Visitor,
    access,
    bar,
)
from tests.unit.sources.alpaca.stream_drive import Drive

SOON = [1, 2, 4, 8, 16, 32, 60]
LATER = [32, 60, 60]


def refuses(code: int) -> Script:
    def script(visitor: Visitor) -> None:
        visitor.say(WELCOME)
        visitor.hear()
        visitor.say({"T": "error", "code": code, "msg": "some words"})
        visitor.stay()

    return script


def refuses_the_subscription(visitor: Visitor) -> None:
    visitor.let_in()
    visitor.hear()
    visitor.say({"T": "error", "code": 405, "msg": "symbol limit exceeded"})
    visitor.stay()


def refuses_in_place_of_a_welcome(visitor: Visitor) -> None:
    visitor.say({"T": "error", "code": 406, "msg": "connection limit exceeded"})
    visitor.stay()


def refuses_by_a_close_code(visitor: Visitor) -> None:
    visitor.connection.close(1008, "connection limit exceeded")


def says(frame: str | bytes) -> Script:
    def script(visitor: Visitor) -> None:
        visitor.connection.send(frame)
        visitor.stay()

    return script


def welcomes_twice(visitor: Visitor) -> None:
    visitor.say(WELCOME)
    visitor.hear()
    visitor.say(WELCOME)
    visitor.stay()


def confirms_nothing(visitor: Visitor) -> None:
    visitor.subscribe(bars=("OTHER",))
    visitor.stay()


def closes_at_once(visitor: Visitor) -> None:
    visitor.connection.close(1013, "try again later")


def closes_when_all_is_well(visitor: Visitor) -> None:
    visitor.subscribe()
    visitor.say(bar())


def breaks_off_in_the_middle_of_a_frame(visitor: Visitor) -> None:
    visitor.subscribe()
    data = iter([b"\x91\x81", b"\xa1T"])

    def fragments() -> object:
        yield next(data)
        visitor.connection.socket.shutdown(socket.SHUT_RDWR)
        yield next(data)

    visitor.connection.send(fragments())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("script", "sentence", "steps"),
    [
        (refuses(402), "APCA_API_SECRET_KEY", LATER),
        (refuses(406), "stop the other", LATER),
        (refuses(409), "FEED=iex", LATER),
        (refuses(404), "too late", SOON),
        (refuses_the_subscription, "fewer in SYMBOLS", LATER),
        (refuses_in_place_of_a_welcome, "stop the other", LATER),
        (refuses_by_a_close_code, "stop the other", LATER),
        (says(b"\xc1"), "not msgpack", SOON),
        (says(b""), "not msgpack", SOON),
        (says(b"\x90"), "does not speak", SOON),
        (says(b"\x91\x80"), "does not speak", SOON),
        (says("hello"), "text", SOON),
        (welcomes_twice, "does not speak", SOON),
        (confirms_nothing, "without any of our symbols", SOON),
        (closes_at_once, "try again later", SOON),
        (closes_when_all_is_well, "code 1000", SOON),
        (breaks_off_in_the_middle_of_a_frame, "broke", SOON),
    ],
)
def test_no_storm_after_a_failure(script: Script, sentence: str, steps: list[float]) -> None:
    drive = Drive(VirtualClock(MINUTE * 1000))
    with Scripted(script).running() as server:
        with drive.running(server.access()) as stream:
            drive.fail_times(len(steps))
            assert sentence in str(stream.trouble)
        drive.pass_s(300)
        assert (server.attempts, server.overlaps) == (len(steps), 0)
    assert drive.steps.seen == steps


def answers(status: HTTPStatus, **headers: str) -> Gate:
    def gate(connection: ServerConnection, request: Request) -> Response:
        response = connection.respond(status, "no")
        for name, value in headers.items():
            response.headers[name] = value
        return response

    return gate


@pytest.mark.parametrize(
    ("gate", "sentence", "steps"),
    [
        (answers(HTTPStatus.FORBIDDEN), "HTTP 403", LATER),
        (answers(HTTPStatus.TOO_MANY_REQUESTS), "HTTP 429", LATER),
        (answers(HTTPStatus.SERVICE_UNAVAILABLE), "HTTP 503", SOON),
        (answers(HTTPStatus.OK), "HTTP 200", LATER),
        (answers(HTTPStatus.TEMPORARY_REDIRECT, Location="/v2/iex"), "redirects to /v2/iex", LATER),
    ],
)
def test_no_storm_when_there_is_no_websocket(gate: Gate, sentence: str, steps: list[float]) -> None:
    drive = Drive(VirtualClock(MINUTE * 1000))
    with Scripted(Visitor.stay, gate).running() as server, drive.running(server.access()) as stream:
        drive.fail_times(len(steps))
        assert sentence in str(stream.trouble)
        assert server.attempts == len(steps)
    assert drive.steps.seen == steps


@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_no_storm_where_nobody_listens(scheme: str) -> None:
    drive = Drive(VirtualClock(MINUTE * 1000))
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with drive.running(access(unused.getsockname()[1], scheme)) as stream:
            drive.fail_times(len(SOON))
            assert "cannot be reached" in str(stream.trouble)
    assert drive.steps.seen == SOON


def test_an_untrusted_certificate_is_named() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    drive = Drive(VirtualClock(MINUTE * 1000))
    with Scripted(Visitor.stay, tls=context).running() as server, drive.running(server.access("wss")) as stream:
        drive.fail_times(2)
        assert "No TLS connection" in str(stream.trouble)
        assert "certificate" in str(stream.trouble)
        assert server.attempts == 0


def test_a_server_without_tls_is_named() -> None:
    drive = Drive(VirtualClock(MINUTE * 1000))
    with Scripted(Visitor.stay).running() as server, drive.running(server.access("wss")) as stream:
        drive.fail_times(2)
        assert "cannot be reached (it hung up)" in str(stream.trouble)


def never_welcomes(visitor: Visitor) -> None:
    visitor.stay()


def never_answers_the_keys(visitor: Visitor) -> None:
    visitor.say(WELCOME)
    visitor.stay()


def never_confirms(visitor: Visitor) -> None:
    visitor.let_in()
    visitor.stay()


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (never_welcomes, "did not open the connection and welcome us in 0.5 s"),
        (never_answers_the_keys, "did not answer the keys"),
        (never_confirms, "did not confirm the subscription"),
    ],
)
def test_does_not_wait_for_ever(script: Script, sentence: str) -> None:
    drive = Drive(VirtualClock(MINUTE * 1000))
    with Scripted(script).running() as server, drive.running(server.access(), handshake_s=0.5) as stream:
        drive.fail_times(2)
        assert sentence in str(stream.trouble)
        assert (server.attempts, server.overlaps) == (2, 0)


def test_the_secret_shows_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    heard = threading.Event()

    def script(visitor: Visitor) -> None:
        visitor.say(WELCOME)
        assert visitor.hear()["secret"] == SECRET
        visitor.say({"T": "error", "code": 1, "msg": f"what is {SECRET}?"})
        heard.set()
        visitor.stay()

    caplog.set_level(logging.DEBUG)
    drive = Drive(VirtualClock(MINUTE * 1000))
    with Scripted(script).running() as server, drive.running(server.access()) as stream:
        drive.fail_times(1)
        assert heard.is_set()
        assert "***" in str(stream.trouble)
        assert SECRET not in repr(vars(stream))
    # The server of this test logs under names of its own.
    assert SECRET not in "".join(r.getMessage() for r in caplog.records if "server" not in r.name)
