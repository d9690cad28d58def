import socket
import ssl

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosedError, InvalidURI
from websockets.frames import Close
from websockets.legacy.exceptions import InvalidMessage, InvalidStatusCode

from app.sources.alpaca.stream_codes import refusal
from app.sources.alpaca.stream_failures import end_of
from app.sources.alpaca.stream_socket import Garbled, Redirected, Refused

URL = "wss://stream.example"


@pytest.mark.parametrize(
    ("error", "says", "lasts"),
    [
        (Refused(refusal(402, "")), "refused the keys", True),
        (Refused(refusal(407, "")), "too slow", False),
        (ConnectionClosedError(None, None), "broke", False),
        (ConnectionClosedError(Close(1011, "oops"), None), "code 1011, oops", False),
        (ConnectionClosedError(Close(1008, "connection limit exceeded"), None), "stop the other", True),
        (InvalidStatusCode(403, Headers()), "HTTP 403", True),
        (InvalidStatusCode(404, Headers()), "APCA_API_STREAM_URL", True),
        (InvalidStatusCode(429, Headers()), "HTTP 429", True),
        (InvalidStatusCode(503, Headers()), "HTTP 503", False),
        (Redirected("wss://elsewhere"), "redirects to wss://elsewhere", True),
        (InvalidURI(URL, "no"), "no address", True),
        (InvalidMessage("did not receive a valid HTTP response"), "no websocket server", True),
        (ssl.SSLError(1, "[SSL] wrong version"), "No TLS connection", False),
        (socket.gaierror(-2, "Name or service not known"), "not known", False),
        (ConnectionRefusedError(111, "Connection refused"), "Connection refused", False),
        (Garbled("a frame that is no list of messages: 1"), "sent a frame that is no list", False),
        (KeyError("T"), "does not speak Alpaca's protocol (KeyError", False),
    ],
)
def test_each_failure_is_a_sentence(error: Exception, says: str, lasts: bool) -> None:
    end = end_of(error, URL)
    assert says in end.sentence
    assert end.sentence.endswith(".")
    assert end.lasts is lasts
