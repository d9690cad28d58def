from dataclasses import replace
from itertools import permutations

import pytest

from web.reader import RunInfo
from web.run_choice import choose, is_live, merge

DAY = 24 * 60 * 60 * 1000
REPLAY = RunInfo("replay-1", "replay", False, 60, 60, 120, 2, 10, 9, 5 * DAY)
LIVE = replace(REPLAY, run_id="live-iex", origin="live", is_live=True, active_at=DAY)
SYNTHETIC = replace(REPLAY, run_id="synthetic-1", origin="synthetic", active_at=5 * DAY + 1)


@pytest.mark.parametrize(
    ("runs", "run_id", "reason"),
    [
        ([], None, "no run yet"),
        ([REPLAY], "replay-1", "newest replay: no live run"),
        ([REPLAY, SYNTHETIC], "synthetic-1", "newest synthetic run: no live run"),
        ([REPLAY, SYNTHETIC, LIVE], "live-iex", "live"),
        # The newest day first, but not who is ahead by a minute of it.
        ([LIVE, replace(LIVE, run_id="live-sip", active_at=2 * DAY)], "live-sip", "live"),
        ([LIVE, replace(LIVE, run_id="live-sip", active_at=DAY + 60_000)], "live-iex", "live"),
        # In the same millisecond.
        ([REPLAY, replace(REPLAY, run_id="replay-0")], "replay-0", "newest replay: no live run"),
    ],
)
def test_every_worker_that_knows_the_same_runs_takes_the_same(
    runs: list[RunInfo], run_id: str | None, reason: str
) -> None:
    for order in permutations(runs):
        chosen = choose(order)
        assert (chosen.run_id, chosen.reason) == (run_id, reason)


@pytest.mark.parametrize(
    ("run_id", "origin", "live"),
    [
        ("live-iex-raw-regular", "backfill", True),
        ("mine", "live", True),
        ("mine", "backfill", True),
        ("alive", "replay", False),
        ("mine", "synthetic", False),
    ],
)
def test_a_live_run_is_known_by_its_id_or_its_bars(run_id: str, origin: str, live: bool) -> None:
    assert is_live(run_id, origin) is live  # type: ignore[arg-type]


def test_what_workers_know_of_a_run_is_added_up() -> None:
    there = RunInfo("replay-1", "live", True, 0, 30, 180, 3, 100, 50, 5 * DAY + 7)
    for parts in ([REPLAY, there, LIVE], [LIVE, there, REPLAY]):
        assert merge(parts) == [RunInfo("replay-1", "live", True, 0, 30, 180, 5, 110, 59, 5 * DAY + 7), LIVE]
    assert merge([REPLAY, replace(there, first_bar=None)])[0].first_bar is None
