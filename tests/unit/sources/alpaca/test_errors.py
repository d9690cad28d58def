"""Each refusal and failure, by REST and by stream, as a sentence."""

import json
import socket
import ssl
from io import BytesIO

import pytest
import requests
from pydantic import SecretStr
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosedError, InvalidURI
from websockets.frames import Close
from websockets.legacy.exceptions import InvalidMessage, InvalidStatusCode

from app.sources.alpaca.access import Access
from app.sources.alpaca.errors import (
    AlpacaError,
    ProtocolError,
    Unavailable,
    UnknownSymbols,
    refusal,
    rest_error,
    stream_error,
)

ACCESS = Access(SecretStr("PKID"), SecretStr("hush"), feed="sip")
URL = "https://data.alpaca.markets"
STREAM_URL = "wss://stream.example"
FORBIDDEN = "<html>\r\n<head><title>403 Forbidden</title></head>\r\n<body>…</body>\r\n</html>"


def refused(status: int, text: str, *symbols: str) -> AlpacaError:
    response = requests.Response()
    response.status_code, response.raw, response.encoding = status, BytesIO(text.encode()), "utf-8"
    return rest_error(requests.HTTPError(response=response), URL, "sip", ACCESS.redact, symbols)


@pytest.mark.parametrize(
    ("status", "text", "kind", "message"),
    [
        (401, '{"code": 40110000, "message": "request is not authorized"}', AlpacaError, "check APCA_API_KEY_ID"),
        (403, FORBIDDEN, AlpacaError, "HTTP 403 from https://data.alpaca.markets"),
        (403, '{"message": "subscription does not permit querying recent SIP data"}', AlpacaError, "FEED=iex"),
        (422, '{"code": 42210000, "message": "subscription does not permit …"}', AlpacaError, "feed sip"),
        (429, '{"message": "too many requests."}', Unavailable, "rate limit"),
        (429, "", Unavailable, "rate limit"),
        (500, "<html><head><title>500 Oops</title>", Unavailable, r'HTTP 500 .*It said "500 Oops"\.'),
        (503, "", Unavailable, "trouble of its own"),
        (408, "", Unavailable, "HTTP 408"),
        (400, '{"message": "invalid timeframe"}', AlpacaError, 'It said "invalid timeframe"'),
        (404, '{"message": ["odd"]}', AlpacaError, "HTTP 404"),
        (301, "[]", AlpacaError, "HTTP 301"),
        (418, "", AlpacaError, "HTTP 418"),
    ],
)
def test_each_shape_of_refusal_is_a_sentence(status: int, text: str, kind: type, message: str) -> None:
    error = refused(status, text, "AAPL", "SPY")
    assert type(error) is kind
    with pytest.raises(kind, match=message):
        raise error


@pytest.mark.parametrize(
    ("said", "unknown"),
    [
        ("invalid symbol: ZZZZ", ("ZZZZ",)),
        ("invalid symbol: BRK.X.", ("BRK.X",)),
        ("invalid symbols: ZZZZ, BRK.X", ("BRK.X", "ZZZZ")),
        ('asset "ZZZZ" not found', ("ZZZZ",)),
        ("A symbol is not known: ZZZZ", ("ZZZZ",)),
    ],
)
def test_unknown_symbols_are_named(said: str, unknown: tuple[str, ...]) -> None:
    error = refused(400, json.dumps({"message": said}), "A", "BRK.X", "ZZZZ")
    assert isinstance(error, UnknownSymbols)
    assert error.symbols == unknown
    assert str(error) == f"Alpaca does not know {', '.join(unknown)}: check the spelling in SYMBOLS."


def test_some_that_are_not_named() -> None:
    error = refused(400, '{"message": "invalid symbol"}', "AAPL", "ZZZZ")
    assert isinstance(error, UnknownSymbols)
    assert error.symbols == ()
    assert str(error) == 'Alpaca refused some of the symbols. It said "invalid symbol".'


def test_the_only_symbol_needs_no_name() -> None:
    error = refused(422, '{"message": "invalid symbol"}', "ZZZZ")
    assert isinstance(error, UnknownSymbols)
    assert error.symbols == ("ZZZZ",)


def test_a_server_that_repeats_the_keys_is_not_repeated() -> None:
    error = refused(400, '{"message": "key PKID, secret hush,\\nlook: hush"}')
    assert 'It said "key ***, secret ***,look: ***".' in str(error)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (requests.ReadTimeout(), "does not answer in time"),
        (requests.exceptions.SSLError(), "certificate is not trusted"),
        (requests.exceptions.ProxyError(), "proxy"),
        (requests.ConnectionError("hush"), "refused or breaks off"),
        (requests.exceptions.ChunkedEncodingError(), "breaks off"),
        (requests.JSONDecodeError("", "", 0), "not JSON"),
    ],
)
def test_why_there_is_no_answer(error: requests.RequestException, reason: str) -> None:
    message = str(rest_error(error, URL, "sip", ACCESS.redact))
    assert reason in message
    assert URL in message
    assert "hush" not in message


@pytest.mark.parametrize(
    ("code", "advice", "permanent"),
    [
        (400, "SYMBOLS", True),
        (402, "APCA_API_SECRET_KEY", True),
        (404, "too late", False),
        (405, "polling has no such limit", True),
        (406, "stop the other", True),
        (407, "too slow", False),
        (409, "FEED=iex", True),
        (500, "internal error", False),
    ],
)
def test_each_refusal_of_the_stream_says_what_to_do(code: int, advice: str, permanent: bool) -> None:
    error = refusal(code, "")
    assert advice in str(error)
    assert error.permanent is permanent


def test_a_refusal_with_a_new_code_is_known_by_its_text() -> None:
    assert str(refusal(None, "Connection limit exceeded")) == str(refusal(406, ""))


def test_a_refusal_that_is_not_known_is_quoted() -> None:
    error = refusal(499, "out of coffee")
    assert "499" in str(error)
    assert "out of coffee" in str(error)
    assert not error.permanent


@pytest.mark.parametrize(
    ("error", "says", "permanent"),
    [
        (refusal(402, ""), "refused the keys", True),
        (refusal(407, ""), "too slow", False),
        (ConnectionClosedError(None, None), "broke", False),
        (ConnectionClosedError(Close(1011, "oops"), None), "code 1011, oops", False),
        (ConnectionClosedError(Close(1001, "going away"), None), "code 1001, going away", False),
        (ConnectionClosedError(Close(1000, ""), None), "closed the stream (code 1000)", False),
        (ConnectionClosedError(Close(1008, "connection limit exceeded"), None), "stop the other", True),
        (InvalidStatusCode(403, Headers()), "HTTP 403", True),
        (InvalidStatusCode(404, Headers()), "APCA_API_STREAM_URL", True),
        (InvalidStatusCode(429, Headers()), "HTTP 429", True),
        (InvalidStatusCode(503, Headers()), "HTTP 503", False),
        (InvalidURI(STREAM_URL, "no"), "no address", True),
        (InvalidMessage("did not receive a valid HTTP response"), "no websocket server", True),
        (ssl.SSLError(1, "[SSL] wrong version"), "No TLS connection", False),
        (socket.gaierror(-2, "Name or service not known"), "not known", False),
        (ConnectionRefusedError(111, "Connection refused"), "Connection refused", False),
        (ProtocolError("a frame that is no list of messages: 1"), "sent a frame that is no list", False),
        (KeyError("T"), "does not speak Alpaca's protocol (KeyError", False),
    ],
)
def test_each_end_of_a_connection_is_a_sentence(error: Exception, says: str, permanent: bool) -> None:
    ended = stream_error(error, STREAM_URL)
    assert says in str(ended)
    assert str(ended).endswith(".")
    assert ended.permanent is permanent
