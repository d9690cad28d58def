import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.stream.position import Ids, StreamId, UnreadableId, format_id, is_behind, merged, parse_id

OFFSETS = st.integers(0, 10**18 - 1)


@given(st.lists(OFFSETS, min_size=1, max_size=20), st.none() | st.text(min_size=1))
def test_an_id_says_where_a_client_was(offsets: list[int], run_id: str | None) -> None:
    text = format_id(tuple(offsets), run_id)
    assert text.isascii()
    assert "\n" not in text
    assert parse_id(text, len(offsets)) == StreamId(tuple(offsets), run_id)


def test_a_partition_that_is_left_out_stands_at_0() -> None:
    assert parse_id("3:1042,1:998", 4) == StreamId((0, 998, 0, 1042), None)


@pytest.mark.parametrize("text", ["", "x", "3", "3:", ":4", "1:2;2:3", "1:2,", "-1:2", "1:-2", "0:" + "9" * 20, "٣:٤"])
def test_what_is_no_id_is_named(text: str) -> None:
    with pytest.raises(UnreadableId, match="is no id of this stream"):
        parse_id(text, 4)


def test_a_partition_that_there_is_not() -> None:
    with pytest.raises(UnreadableId, match="names partition 4, but there are 4"):
        parse_id("4:1", 4)


def test_ids_follow_the_records() -> None:
    ids = Ids((5, 7))
    ids.pass_by(1, 9)
    assert (str(ids), ids.offsets) == ("0:5,1:10", [5, 10])


def test_the_later_of_two_positions() -> None:
    assert merged((1, 5), (3, 4)) == (3, 5)
    assert is_behind((1, 5), (3, 4))
    assert not is_behind((3, 5), (3, 4))
