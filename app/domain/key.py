"""The tables' keys: a series is a run and a symbol."""

#: Validation keeps it out of both parts.
SEPARATOR = "\x00"


def table_key(run_id: str, symbol: str) -> bytes:
    """The key of one series."""
    return f"{run_id}{SEPARATOR}{symbol}".encode()


def split_key(key: bytes) -> tuple[str, str]:
    """The run and the symbol of a key.

    Raises ValueError when the key is not one that `table_key` makes.
    """
    run_id, separator, symbol = key.decode().partition(SEPARATOR)
    if not separator:
        raise ValueError(f"not a table key, it has no NUL between run and symbol: {key!r}")
    return run_id, symbol
