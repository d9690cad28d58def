"""What to install where a package is missing that only some commands need."""

_ALPACA = (
    "The client for Alpaca's bars is not installed here: `pip install 'stock-signals[alpaca]'`, "
    "then `pip install --no-deps alpaca-trade-api`, which would bring versions of other packages that do not work"
)

#: By the missing module, the sentence for a person. Alpaca's source imports the client and what that uses.
_SENTENCES = dict.fromkeys(["alpaca_trade_api", "msgpack", "pandas", "requests", "urllib3", "websockets"], _ALPACA)


def not_installed(error: ModuleNotFoundError) -> str | None:
    """The cause and the fix; None where the missing module is a fault of ours."""
    return _SENTENCES.get((error.name or "").partition(".")[0])
