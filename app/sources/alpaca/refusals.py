"""Alpaca's refusals as sentences."""

import json
import re
from collections.abc import Sequence
from http import HTTPStatus

import requests
from urllib3.exceptions import NameResolutionError

from app.sources.alpaca.access import Access
from app.sources.alpaca.errors import AlpacaError, FeedRefused, KeysRefused, SymbolsRefused, Unavailable, UnknownSymbols

_TITLE = re.compile(r"<title>\s*(.*?)\s*</title>", re.IGNORECASE | re.DOTALL)
_ABOUT_THE_FEED = re.compile(r"subscription|permit|\bfeed\b|\bsip\b", re.IGNORECASE)
_ABOUT_SYMBOLS = re.compile(r"symbol|asset|ticker", re.IGNORECASE)
_PASSING = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)


def explained(status: int, text: str, access: Access, url: str, symbols: Sequence[str] = ()) -> AlpacaError:
    """What an answer other than success means; Unavailable when it may pass. `symbols` were asked for."""
    said = access.redact(_message(text))
    quoted = f' It said "{said}".' if said else ""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Unavailable("Alpaca's rate limit is used up, to which other programs with these keys count too.")
    if status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unavailable(f"Alpaca has trouble of its own (HTTP {status} from {url}).{quoted}")
    if status in (HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY) and _ABOUT_THE_FEED.search(said):
        return FeedRefused(
            f"Your Alpaca plan does not allow this of feed {access.feed}.{quoted} The free plan has FEED=iex, "
            "and sip for what is older than 15 minutes."
        )
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return KeysRefused(
            f"Alpaca refused the keys (HTTP {status} from {url}): check APCA_API_KEY_ID and APCA_API_SECRET_KEY. "
            "Those of a live account also need APCA_API_BASE_URL=https://api.alpaca.markets."
        )
    if symbols and _ABOUT_SYMBOLS.search(said):
        unknown = _named(said, symbols)
        return UnknownSymbols(unknown) if unknown else SymbolsRefused(f"Alpaca refused some of the symbols.{quoted}")
    return AlpacaError(f"Alpaca refused the request (HTTP {status} from {url}).{quoted} Check APCA_API_*_URL.")


def unreachable(error: requests.RequestException, url: str) -> Unavailable:
    """Why there was no answer. The exception's own words stay out: they may hold more than we want to show."""
    return Unavailable(f"Alpaca cannot be reached at {url}: {_reason(error)}. Check the network and APCA_API_*_URL.")


def _reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return "it does not answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy does not let us through"
    if isinstance(error, requests.JSONDecodeError):
        return "its answer is not JSON"
    if isinstance(getattr(error.args[0] if error.args else None, "reason", None), NameResolutionError):
        return "its name is not known"
    return "the connection is refused or breaks off"


def _message(text: str) -> str:
    """Of JSON its `message`, of HTML its title, in one printable line."""
    try:
        said = json.loads(text).get("message", "")
    except (ValueError, AttributeError):
        title = _TITLE.search(text)
        said = title.group(1) if title else ""
    return "".join(char for char in str(said) if char.isprintable()).strip().rstrip(".")[:200]


def _named(said: str, symbols: Sequence[str]) -> Sequence[str]:
    """Those of `symbols` that the message blames: `invalid symbol: ZZZZ`. The only one needs no name."""
    # The words before a colon are prose, in which a symbol such as A may stand by chance.
    words = set(re.split(r"[\s,;'\"()\[\]]+", said.rpartition(":")[2] or said))
    return symbols if len(symbols) == 1 else [symbol for symbol in symbols if symbol in words]
