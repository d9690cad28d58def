import json

import pytest
import requests
from pydantic import SecretStr

from app.sources.alpaca.access import Access
from app.sources.alpaca.errors import AlpacaError, FeedRefused, KeysRefused, SymbolsRefused, Unavailable, UnknownSymbols
from app.sources.alpaca.refusals import explained, unreachable

ACCESS = Access(SecretStr("PKID"), SecretStr("hush"), feed="sip")
URL = "https://data.alpaca.markets"
FORBIDDEN = "<html>\r\n<head><title>403 Forbidden</title></head>\r\n<body>…</body>\r\n</html>"


@pytest.mark.parametrize(
    ("status", "text", "kind", "message"),
    [
        (401, '{"code": 40110000, "message": "request is not authorized"}', KeysRefused, "check APCA_API_KEY_ID"),
        (403, FORBIDDEN, KeysRefused, "HTTP 403 from https://data.alpaca.markets"),
        (403, '{"message": "subscription does not permit querying recent SIP data"}', FeedRefused, "FEED=iex"),
        (422, '{"code": 42210000, "message": "subscription does not permit …"}', FeedRefused, "feed sip"),
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
    error = explained(status, text, ACCESS, URL, ("AAPL", "SPY"))
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
    error = explained(400, json.dumps({"message": said}), ACCESS, URL, ("A", "BRK.X", "ZZZZ"))
    assert isinstance(error, UnknownSymbols)
    assert error.symbols == unknown
    assert str(error) == f"Alpaca does not know {', '.join(unknown)}: check the spelling in SYMBOLS."


def test_some_that_are_not_named() -> None:
    error = explained(400, '{"message": "invalid symbol"}', ACCESS, URL, ("AAPL", "ZZZZ"))
    assert type(error) is SymbolsRefused


def test_the_only_symbol_needs_no_name() -> None:
    error = explained(422, '{"message": "invalid symbol"}', ACCESS, URL, ("ZZZZ",))
    assert isinstance(error, UnknownSymbols)
    assert error.symbols == ("ZZZZ",)


def test_a_server_that_repeats_the_keys_is_not_repeated() -> None:
    error = explained(400, '{"message": "key PKID, secret hush,\\nlook: hush"}', ACCESS, URL)
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
    message = str(unreachable(error, URL))
    assert reason in message
    assert URL in message
    assert "hush" not in message
