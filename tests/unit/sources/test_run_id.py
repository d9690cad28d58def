import datetime

from app.sources.run_id import new_run_id, run_id_fault


def test_two_replays_of_one_day_never_share_an_id() -> None:
    day = datetime.date(2024, 11, 14)
    ids = {new_run_id("replay", day) for _ in range(100)}
    assert len(ids) == 100
    assert all(run_id.startswith("replay-2024-11-14-") and run_id_fault(run_id) is None for run_id in ids)


def test_an_id_says_what_distinguishes_its_bars() -> None:
    run_id = new_run_id("replay", datetime.date(2024, 11, 14), "iex", "raw", "regular")
    assert run_id.startswith("replay-2024-11-14-iex-raw-regular-")
    assert run_id_fault(run_id) is None


def test_an_id_that_cannot_be_used_is_named() -> None:
    for bad in ("", "two words", "a/b", "x" * 101):
        assert repr(bad) in (run_id_fault(bad) or "")
