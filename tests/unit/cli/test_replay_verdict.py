"""The verdict in words."""

from collections import Counter

import pytest

from app.cli.replay_progress import WorkerProgress
from app.cli.replay_verdict import lines, not_through, processed
from app.producer.catch_up import Ending
from app.producer.sent_bars import SentBars
from app.producer.verdict import BarRefusal, Verdict
from tests.bars import make_bar


def test_everything_that_can_become_of_a_bar_is_named() -> None:
    stale = BarRefusal(3, 17, "AAPL", "stale", "Poison: AAPL came too late\x1b[31m")
    verdict = Verdict(
        new=1_150,
        corrected=3,
        late=2,
        duplicates=3,
        refused=Counter(stale=11, invalid=1),
        examples={"stale": stale, "invalid": stale._replace(reason="invalid", why="high is below low")},
        actions=Counter(BUY=37, SELL=35, HOLD=1_080),
        transitions=72,
        revisions=5,
    )
    assert list(lines(verdict)) == [
        "Worker: 1,158 bars accepted (1,150 new, 3 corrected, 2 late, 3 duplicates), 12 refused.",
        "  11 stale, for example AAPL (partition 3, offset 17): AAPL came too late\\x1b[31m",
        "  1 invalid, for example AAPL (partition 3, offset 17): high is below low",
        "  `stocks dead-letters list` shows them.",
        "Signals: 37 BUY, 35 SELL, 1,080 HOLD; 72 transitions; 5 signals replaced earlier ones.",
    ]


def test_a_clean_replay_takes_two_lines() -> None:
    assert list(lines(Verdict(new=2, actions=Counter(HOLD=2)))) == [
        "Worker: 2 bars accepted (2 new), 0 refused.",
        "Signals: 0 BUY, 0 SELL, 2 HOLD; 0 transitions.",
    ]


def test_what_cannot_be_told_apart_is_said() -> None:
    assert "4 duplicates of bars of the past or corrections that no signal shows" in next(lines(Verdict(undecided=4)))


@pytest.mark.parametrize(
    ("ending", "wanted"),
    [
        (Ending.ABSENT, "`make worker` starts one; with --wait"),
        (Ending.GONE, "gone after 512 of 1,170 bars"),
        (Ending.STUCK, "processed 512 of 1,170 bars and gets no further: `stocks doctor`"),
    ],
)
def test_where_there_is_no_verdict_the_fix_is_named(ending: Ending, wanted: str) -> None:
    assert wanted in not_through(ending, WorkerProgress(512, 1_170, 0), "stock-signals")


def test_what_was_processed_is_counted_by_the_committed_offsets() -> None:
    sent = SentBars()
    for minute, (symbol, partition) in enumerate([("A", 0), ("B", 1), ("A", 0), ("B", 1)]):
        sent.note(make_bar(minute, 1.0, symbol=symbol))
        sent.placed(symbol, partition, 10 + minute)
    assert [processed(sent, found) for found in ({}, {0: 11}, {0: 99, 1: 11}, {0: 13, 1: 14})] == [0, 1, 2, 4]
