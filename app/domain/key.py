"""The tables' keys: a series is a run and a symbol."""


def table_key(run_id: str, symbol: str) -> bytes:
    """The key of one series; validation keeps NUL out of both parts."""
    return f"{run_id}\x00{symbol}".encode()


def split_key(key: bytes) -> tuple[str, str]:
    """The run and the symbol of a key.

    Raises ValueError when the key is not one that `table_key` makes.
    """
    run_id, separator, symbol = key.decode().partition("\x00")
    if not separator:
        raise ValueError(f"not a table key, it has no NUL between run and symbol: {key!r}")
    return run_id, symbol
