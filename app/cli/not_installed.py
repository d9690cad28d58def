"""What to install where a package is missing that only some commands need."""

#: The module that an import asks for, and the sentence for a person.
_SENTENCES = {
    "alpaca_trade_api": (
        "The client for Alpaca's bars is not installed here: `pip install 'stock-signals[alpaca]'`, "
        "then `pip install --no-deps alpaca-trade-api`, which would bring versions of other packages that do not work"
    ),
}


def not_installed(error: ModuleNotFoundError) -> str | None:
    """The cause and the fix; None where the missing module is a fault of ours."""
    return _SENTENCES.get((error.name or "").partition(".")[0])
