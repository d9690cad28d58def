import pytest

from app.domain.key import split_key, table_key


@pytest.mark.parametrize("symbol", ["AAPL", "BRK.B", "BRK/B", "Ä"])
def test_splits_what_it_made(symbol: str) -> None:
    assert split_key(table_key("live-iex-raw-regular", symbol)) == ("live-iex-raw-regular", symbol)


def test_runs_do_not_run_into_symbols() -> None:
    assert table_key("a", "bc") != table_key("ab", "c")


def test_a_foreign_key_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"not a table key.*AAPL"):
        split_key(b"AAPL")
