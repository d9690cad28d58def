import pytest
from app.engine.progress import PROGRESS_KEY, VERSION, decode_progress, encode_progress
from hypothesis import given
from hypothesis import strategies as st

from app.domain.key import table_key


@given(st.text(), st.integers(0, 2**63 - 1))
def test_progress_comes_back_as_it_was(topic_id: str, offset: int) -> None:
    assert decode_progress(encode_progress(topic_id, offset)) == (topic_id, offset)


def test_what_is_written_today_can_be_read_for_ever() -> None:
    assert encode_progress("abc", 258) == bytes.fromhex("01 02 01 00 00 00 00 00 00") + b"abc"


def test_another_version_is_refused_by_its_number() -> None:
    value = bytes([VERSION + 1]) + encode_progress("abc", 7)[1:]
    with pytest.raises(ValueError, match=f"version {VERSION + 1}.*reads version {VERSION}"):
        decode_progress(value)


@given(st.text(st.characters(codec="ascii", exclude_characters="\x00"), min_size=1), st.text(min_size=1))
def test_no_series_has_the_key_of_the_progress_record(run_id: str, symbol: str) -> None:
    assert table_key(run_id, symbol) != PROGRESS_KEY
