"""Shares divide the records of a partition by their keys."""

from tests.harness.chaos.round import Round
from tests.harness.chaos.share import Share
from tests.harness.chaos.tables import Shown


def test_each_key_is_in_one_share() -> None:
    shares = [Share(0, number, 5) for number in range(5)]
    keys = [None, b"", *(f"S{number:04d}".encode() for number in range(200))]
    assert [sum(share.has(key) for share in shares) for key in keys] == [1] * len(keys)
    assert all(any(share.has(key) for key in keys) for share in shares)


def test_one_share_has_all() -> None:
    assert Share(3, 0, 1).has(None)
    assert Share(3, 0, 1).has(b"AAPL")


def test_what_was_found_in_shares_adds_up() -> None:
    whole = Round(observations=7)
    for symbol in ("AAPL", "SPY"):
        part = Round(problems=[symbol], records=3, bars=2, poisoned=1, stale=1, committed_signals=2, aborted_records=5)
        part.shown_of("run", symbol, 1).extend([Shown("HOLD", None, 1.0, 1, None), Shown("BUY", "HOLD", 2.0, 2, 0)])
        whole.add(part)
    newest = Shown("BUY", "HOLD", 2.0, 2, 0)
    assert {key: list(shown) for key, shown in whole.expected.items()} == {
        ("run", "AAPL"): [newest],
        ("run", "SPY"): [newest],
    }
    assert whole == Round(["AAPL", "SPY"], whole.expected, 6, 4, 2, 2, 4, 10, 7)
