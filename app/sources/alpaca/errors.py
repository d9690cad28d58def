"""What can go wrong with Alpaca, as sentences; none of them ever holds a key."""

from collections.abc import Iterable

from app.sources.base import SourceError


class AlpacaError(SourceError):
    """Alpaca refused, or answered nonsense: asking again would not help."""


class AccessMissing(AlpacaError):
    """There are no keys in the settings."""


class KeysRefused(AlpacaError):
    """The keys are wrong, revoked, or of another kind of account."""


class FeedRefused(AlpacaError):
    """The account may not read this feed, or not yet: SIP bars of the last 15 minutes cost money."""


class UnknownSymbols(AlpacaError):
    """Alpaca does not know `symbols`; the others can be asked for without them."""

    def __init__(self, symbols: Iterable[str]) -> None:
        self.symbols = tuple(symbols)
        super().__init__(f"Alpaca does not know {', '.join(self.symbols)}: check the spelling in SYMBOLS.")


class SymbolsRefused(AlpacaError):
    """Alpaca does not know some of the symbols, and does not say which."""


class Unavailable(AlpacaError):
    """No answer now, after all tries: unreachable, overloaded, or over the rate limit. Asking later may help."""


class Undocumented(Unavailable):
    """The answer has not the form that Alpaca documents: half of it, or somebody else's."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"Alpaca's answer has not the form that it documents ({what}): check APCA_API_BASE_URL and "
            "APCA_API_DATA_URL."
        )


class Interrupted(AlpacaError):
    """`Api.close` was called while a request waited for its turn."""

    def __init__(self) -> None:
        super().__init__("Stopped while waiting for Alpaca.")
