"""What can go wrong with Alpaca, as sentences that name the cause and the fix; none of them ever holds a key.

REST: `rest_error` for each failed request. Stream: `refusal` for the codes that its server sends, `stream_error` for
each connection that ended.
"""

import json
import re
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus

import requests
from urllib3.exceptions import MaxRetryError, NameResolutionError
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.frames import Close
from websockets.legacy.exceptions import InvalidStatusCode

from app.sources.base import SourceError


class AlpacaError(SourceError):
    """Alpaca refused: to ask again soon would not help."""

    permanent = True


class Unavailable(AlpacaError):
    """No answer now: unreachable, overloaded, or over the rate limit. Asking later may help."""

    permanent = False


class ProtocolError(Unavailable):
    """An answer, a frame or a part of one does not have the form that Alpaca documents."""


class UnknownSymbols(AlpacaError):
    """Alpaca does not know `symbols`; the others can be asked for. Empty: Alpaca does not know some, nor said which."""

    def __init__(self, symbols: Iterable[str], sentence: str = "") -> None:
        self.symbols = tuple(symbols)
        names = ", ".join(self.symbols)
        super().__init__(sentence or f"Alpaca does not know {names}: check the spelling in SYMBOLS.")


class Interrupted(AlpacaError):
    """`Api.close` was called while a request waited for its turn."""


_TITLE = re.compile(r"<title>\s*(.*?)\s*</title>", re.IGNORECASE | re.DOTALL)
_ABOUT_THE_FEED = re.compile(r"subscription|permit|\bfeed\b|\bsip\b", re.IGNORECASE)
_ABOUT_SYMBOLS = re.compile(r"symbol|asset|ticker", re.IGNORECASE)


def rest_error(
    failure: Exception, url: str, feed: str, redact: Callable[[str], str], symbols: Sequence[str] = ()
) -> AlpacaError:
    """What a failed request to `url` means, for `symbols` if it was for bars; `redact` cleans what the server said."""
    match failure:
        case AlpacaError():
            return failure
        case requests.HTTPError(response=requests.Response(status_code=status, text=text)):
            return _refused(status, redact(_message(text)), url, feed, symbols)
        case requests.Timeout():
            why = "it does not answer in time"
        case requests.exceptions.SSLError():
            why = "its certificate is not trusted"
        case requests.exceptions.ProxyError():
            why = "the proxy does not let us through"
        case requests.JSONDecodeError():
            why = "its answer is not JSON"
        case requests.ConnectionError(args=[MaxRetryError(reason=NameResolutionError())]):
            why = "its name is not known"
        case _:
            why = "the connection is refused or breaks off"
    # The exception's own words stay out: they may hold more than we want to show.
    return Unavailable(f"Alpaca cannot be reached at {url}: {why}. Check the network and APCA_API_*_URL.")


def _refused(status: int, said: str, url: str, feed: str, symbols: Sequence[str]) -> AlpacaError:
    quoted = f' It said "{said}".' if said else ""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Unavailable("Alpaca's rate limit is used up, to which other programs with these keys count too.")
    if status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY) or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unavailable(f"Alpaca has trouble of its own (HTTP {status} from {url}).{quoted}")
    if status in (HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY) and _ABOUT_THE_FEED.search(said):
        return AlpacaError(
            f"Your Alpaca plan does not allow this of feed {feed}.{quoted} The free plan has FEED=iex, "
            "and sip for what is older than 15 minutes."
        )
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return AlpacaError(
            f"Alpaca refused the keys (HTTP {status} from {url}): check APCA_API_KEY_ID and APCA_API_SECRET_KEY. "
            "Those of a live account also need APCA_API_BASE_URL=https://api.alpaca.markets."
        )
    if symbols and _ABOUT_SYMBOLS.search(said):
        named = _named(said, symbols)
        return UnknownSymbols(named, "" if named else f"Alpaca refused some of the symbols.{quoted}")
    return AlpacaError(f"Alpaca refused the request (HTTP {status} from {url}).{quoted} Check APCA_API_*_URL.")


def _message(text: str) -> str:
    """Of JSON its `message`, of HTML its title, in one printable line."""
    try:
        said = json.loads(text).get("message", "")
    except (ValueError, AttributeError):
        title = _TITLE.search(text)
        said = title.group(1) if title else ""
    return "".join(char for char in str(said) if char.isprintable()).strip().rstrip(".")[:200]


def _named(said: str, symbols: Sequence[str]) -> Sequence[str]:
    """Those of `symbols` that the message blames: `invalid symbol: ZZZZ`. A single one needs no name."""
    # The words before a colon are prose, in which a symbol such as A may stand by chance.
    words = set(re.split(r"[\s,;'\"()\[\]]+", said.rpartition(":")[2] or said))
    return symbols if len(symbols) == 1 else [symbol for symbol in symbols if symbol in words]


# Each code's text, and what it means; https://docs.alpaca.markets/docs/streaming-market-data has both.
_STREAM_CODES: dict[int, tuple[str, type[AlpacaError], str]] = {
    400: ("invalid syntax", AlpacaError, "Alpaca's stream did not understand the symbols: check SYMBOLS."),
    401: ("not authenticated", Unavailable, "Alpaca's stream took a subscription for one without keys."),
    402: (
        "auth failed",
        AlpacaError,
        "Alpaca's stream refused the keys: check APCA_API_KEY_ID and APCA_API_SECRET_KEY in .env.",
    ),
    403: ("already authenticated", Unavailable, "Alpaca's stream got the keys twice."),
    404: ("auth timeout", Unavailable, "The keys reached Alpaca's stream too late: a slow connection."),
    405: (
        "symbol limit exceeded",
        AlpacaError,
        (
            "The account may not read that many symbols by stream (30 on the free plan): "
            "name fewer in SYMBOLS, or leave out STREAM=1, as polling has no such limit."
        ),
    ),
    406: (
        "connection limit exceeded",
        AlpacaError,
        (
            "Another program is connected to Alpaca's stream with these keys, and the account may have one "
            "connection: stop the other, or leave out STREAM=1."
        ),
    ),
    407: ("slow client", Unavailable, "Alpaca's stream found this machine too slow to take its bars."),
    408: ("v2 not enabled", AlpacaError, "The account has no access to Alpaca's stream."),
    409: (
        "insufficient subscription",
        AlpacaError,
        "The account's plan does not include this feed by stream: set FEED=iex, or leave out STREAM=1.",
    ),
    410: ("invalid subscribe action", AlpacaError, "This feed has no minute bars: set FEED=iex."),
    500: ("internal error", Unavailable, "Alpaca's stream had an internal error."),
}


def refusal(code: object, text: object) -> AlpacaError:
    """What a message `{"T": "error", "code", "msg"}` means: by its code, or by its text where the code is unknown."""
    if isinstance(code, int) and code in _STREAM_CODES:
        _, kind, sentence = _STREAM_CODES[code]
        return kind(sentence)
    return _by_text(str(text)) or Unavailable(f"Alpaca's stream refused with code {code!s:.20}: {text!s:.200}.")


def _by_text(said: str) -> AlpacaError | None:
    """The refusal whose text is in `said`, as the reason of a closed connection may have it."""
    return next((kind(sentence) for text, kind, sentence in _STREAM_CODES.values() if text in said.lower()), None)


def stream_error(error: Exception, url: str) -> AlpacaError:
    """Why the connection to the stream at `url` ended. May quote the server: see `Access.redact`."""
    match error:
        case ProtocolError():
            return ProtocolError(f"Alpaca's stream at {url} sent {error}.")
        case AlpacaError():
            return error
        case ConnectionClosed(rcvd=None):
            return Unavailable("The connection to Alpaca's stream broke.")
        case ConnectionClosed(rcvd=Close(code=code, reason=reason)):
            said = f", {reason}" if reason else ""
            return _by_text(reason) or Unavailable(f"Alpaca closed the stream (code {code}{said}).")
        case InvalidStatusCode(status_code=(401 | 403) as status):
            return AlpacaError(f"{url} refused the connection (HTTP {status}): check the keys and FEED.")
        case InvalidStatusCode(status_code=404):
            return AlpacaError(f"There is no stream at {url} for this feed (HTTP 404): check APCA_API_STREAM_URL.")
        case InvalidStatusCode(status_code=status):
            kind = AlpacaError if status < HTTPStatus.INTERNAL_SERVER_ERROR else Unavailable
            return kind(f"{url} answered HTTP {status} instead of a stream.")
        case InvalidURI():
            return AlpacaError(f"APCA_API_STREAM_URL is {url}, which is no address such as wss://host.")
        case InvalidHandshake():
            return AlpacaError(f"{url} is no websocket server ({error}): check APCA_API_STREAM_URL.")
        case ssl.SSLError():
            why = getattr(error, "verify_message", None) or getattr(error, "reason", None) or error
            return Unavailable(
                f"No TLS connection to {url}: {why}. Check APCA_API_STREAM_URL and this machine's certificates."
            )
        case socket.gaierror():
            return Unavailable(f"The host of {url} is not known: check the network and APCA_API_STREAM_URL.")
        case OSError():
            why = error.strerror or str(error) or "it hung up"
            return Unavailable(f"Alpaca's stream at {url} cannot be reached ({why}): check the network.")
    return ProtocolError(
        f"Alpaca's stream at {url} does not speak Alpaca's protocol ({type(error).__name__}: {error})."
    )
