"""How new an answer has to be."""

import pytest

from web.errors import ProblemError
from web.freshness import AS_IT_IS, Freshness, parse_positions
from web.partition_status import PartitionStatus

ACTIVE = PartitionStatus(0, "http://a", "active", position=10, lag=3, as_of=1)
GONE = PartitionStatus(1, "http://b", "unreachable")


@pytest.mark.parametrize(
    ("text", "positions"), [("3:1042", {3: 1042}), ("3:1042,5:998", {3: 1042, 5: 998}), ("3:7,3:9,3:8", {3: 9})]
)
def test_positions_as_they_are_written(text: str, positions: dict[int, int]) -> None:
    assert parse_positions(text) == positions
    assert parse_positions(Freshness(positions).query()["min_position"]) == positions


@pytest.mark.parametrize("text", ["", "3", "3:", ":1", "3:1,", "3:-1", "a:1", "3:1@run", "3:1 ", "٣:1", "3:1\n"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="such as 3:1042,5:998"):
        parse_positions(text)


def test_without_a_wish_anything_will_do() -> None:
    AS_IT_IS.check([ACTIVE, GONE], 2)
    assert (AS_IT_IS.query(), AS_IT_IS.seconds) == ({}, 0.0)


@pytest.mark.parametrize(
    ("fresh", "why"),
    [
        (Freshness({0: 10}), None),
        (Freshness({0: 11}), "partition 0 is read up to 10, and min_position is 11"),
        (Freshness({1: 0}), "how far partition 1 is read is not known, it is unreachable"),
        (Freshness(max_lag=3), "the lag of partition 1 is not known, it is unreachable"),
        (Freshness(max_lag=2), "partition 0 lags 3 records behind, and max_lag is 2"),
    ],
)
def test_what_is_staler_is_refused_with_its_reason(fresh: Freshness, why: str | None) -> None:
    if why is None:
        fresh.check([ACTIVE, GONE], 2)
        return
    with pytest.raises(ProblemError, match=why) as refused:
        fresh.check([ACTIVE, GONE], 2)
    assert refused.value.status == 503
    assert refused.value.headers == {"Retry-After": "2"}


def test_of_one_symbol_only_its_partition_counts() -> None:
    fresh = Freshness({0: 10, 1: 99}, max_lag=3)
    fresh.check([ACTIVE], 2)
    assert fresh.of(0) == Freshness({0: 10}, 3)


def test_a_lag_that_is_not_known_is_not_taken_for_none() -> None:
    with pytest.raises(ProblemError, match="the lag of partition 0 is not known"):
        Freshness(max_lag=1000).check([PartitionStatus(0, "http://a", "active", 10, None, 1)], 1)


def test_a_partition_that_there_is_not() -> None:
    with pytest.raises(ProblemError, match="names partition 2, but there are 2") as refused:
        Freshness({2: 1}).check([ACTIVE, GONE], 2)
    assert refused.value.status == 422
