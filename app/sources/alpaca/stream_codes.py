"""What the stream's refusals mean, and what to do about them.

Source: https://docs.alpaca.markets/docs/streaming-market-data, "Error messages".
"""

from typing import NamedTuple


class Refusal(NamedTuple):
    """A message `{"T": "error", "code", "msg"}`; `text` is Alpaca's, `sentence` for the user."""

    text: str
    sentence: str
    lasts: bool = False
    """Trying again soon would give the same."""


_REFUSALS = {
    400: Refusal(
        "invalid syntax",
        "Alpaca's stream did not understand the subscription: check the spelling in SYMBOLS.",
        lasts=True,
    ),
    401: Refusal("not authenticated", "Alpaca's stream took a subscription for one without keys."),
    402: Refusal(
        "auth failed",
        "Alpaca's stream refused the keys: check APCA_API_KEY_ID and APCA_API_SECRET_KEY in .env.",
        lasts=True,
    ),
    403: Refusal("already authenticated", "Alpaca's stream got the keys twice."),
    404: Refusal("auth timeout", "The keys reached Alpaca's stream too late: the connection is slow."),
    405: Refusal(
        "symbol limit exceeded",
        "The account may not read that many symbols by stream (30 on the free plan): "
        "name fewer in SYMBOLS, or leave out STREAM=1, as polling has no such limit.",
        lasts=True,
    ),
    406: Refusal(
        "connection limit exceeded",
        "Another program is connected to Alpaca's stream with these keys, and the account may have one connection: "
        "stop the other, or leave out STREAM=1.",
        lasts=True,
    ),
    407: Refusal("slow client", "Alpaca's stream found this machine too slow to take its bars."),
    408: Refusal("v2 not enabled", "The account has no access to Alpaca's stream.", lasts=True),
    409: Refusal(
        "insufficient subscription",
        "The account's plan does not include this feed by stream: set FEED=iex, or leave out STREAM=1.",
        lasts=True,
    ),
    410: Refusal("invalid subscribe action for this feed", "This feed has no minute bars: set FEED=iex.", lasts=True),
    500: Refusal("internal error", "Alpaca's stream had an internal error."),
}


def refusal(code: object, text: object) -> Refusal:
    """The refusal with that code, or with that text where the code is unknown."""
    if isinstance(code, int) and (known := _REFUSALS.get(code)):
        return known
    return by_text(str(text)) or Refusal(str(text), f"Alpaca's stream refused with code {code!s:.20}: {text!s:.200}.")


def by_text(text: str) -> Refusal | None:
    """The refusal whose text is in `text`, as the reason of a closed connection may say it."""
    return next((known for known in _REFUSALS.values() if known.text in text.lower()), None)
