"""Why a connection to the stream ended, as a sentence."""

import socket
import ssl
from typing import NamedTuple

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.legacy.exceptions import InvalidStatusCode

from app.sources.alpaca.stream_codes import by_text
from app.sources.alpaca.stream_socket import Garbled, Redirected, Refused


class End(NamedTuple):
    """`lasts`: connecting again soon would end the same way."""

    sentence: str
    lasts: bool = False


def end_of(error: Exception, url: str) -> End:
    """What `error` means for the stream at `url`."""
    match error:
        case Refused():
            return End(error.refusal.sentence, error.refusal.lasts)
        case ConnectionClosed():
            return _closed(error)
        case InvalidStatusCode(status_code=status):
            return _status(status, url)
        case Redirected():
            return End(f"{url} redirects to {error}: set APCA_API_STREAM_URL to the right address.", lasts=True)
        case InvalidURI():
            return End(f"APCA_API_STREAM_URL is {url}, which is no address such as wss://host.", lasts=True)
        case InvalidHandshake():
            return End(f"{url} is no websocket server ({error}): check APCA_API_STREAM_URL.", lasts=True)
        case ssl.SSLError():
            why = getattr(error, "verify_message", None) or getattr(error, "reason", None) or error
            return End(f"No TLS connection to {url}: {why}. Check APCA_API_STREAM_URL and this machine's certificates.")
        case socket.gaierror():
            return End(f"The host of {url} is not known: check the network and APCA_API_STREAM_URL.")
        case OSError():
            why = error.strerror or str(error) or "it hung up"
            return End(f"Alpaca's stream at {url} cannot be reached ({why}): check the network.")
        case Garbled():
            return End(f"Alpaca's stream at {url} sent {error}.")
    return End(f"Alpaca's stream at {url} does not speak Alpaca's protocol ({type(error).__name__}: {error}).")


def _closed(error: ConnectionClosed) -> End:
    if error.rcvd is None:
        return End("The connection to Alpaca's stream broke.")
    if known := by_text(error.rcvd.reason):
        return End(known.sentence, known.lasts)
    reason = f", {error.rcvd.reason}" if error.rcvd.reason else ""
    return End(f"Alpaca closed the stream (code {error.rcvd.code}{reason}).")


def _status(status: int, url: str) -> End:
    if status in (401, 403):
        return End(f"{url} refused the connection (HTTP {status}): check the keys and FEED.", lasts=True)
    if status == 404:
        return End(f"There is no stream at {url} for this feed (HTTP 404): check APCA_API_STREAM_URL.", lasts=True)
    return End(f"{url} answered HTTP {status} instead of a stream.", lasts=status < 500)
