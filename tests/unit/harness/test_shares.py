"""Each process of pytest begins with its share of the tests that wait."""

import pytest

from tests.harness.shares import in_shares


@pytest.mark.parametrize("processes", [1, 2, 3, 4, 7])
def test_each_part_begins_with_its_share_and_none_is_left_out(processes: int) -> None:
    items = [*range(100, 110), *range(40)]
    found = in_shares(items, lambda item: item >= 100, processes)
    assert sorted(found) == sorted(items)
    assert found[0] == 100
    if processes == 2:
        assert found == [*range(100, 105), *range(20), *range(105, 110), *range(20, 40)]


def test_one_process_has_those_that_wait_first() -> None:
    assert in_shares([1, 101, 2, 102], lambda item: item > 100, 1) == [101, 102, 1, 2]
