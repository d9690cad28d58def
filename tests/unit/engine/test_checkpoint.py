import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.checkpoint import CHECKPOINT_KEY, RESET_KEY, VERSION, Checkpoint, decode_checkpoint, encode_checkpoint
from app.engine.table import POSITION_KEY

CHECKPOINT = Checkpoint("abc", 258, "sma:20,50")


@given(st.text(), st.integers(0, 2**63 - 1), st.text())
def test_a_checkpoint_comes_back_as_it_was(topic_id: str, offset: int, state: str) -> None:
    checkpoint = Checkpoint(topic_id, offset, state)
    assert decode_checkpoint(encode_checkpoint(checkpoint)) == checkpoint


def test_what_is_written_today_can_be_read_for_ever() -> None:
    written = bytes.fromhex("02 02 01 00 00 00 00 00 00") + b'["abc", "sma:20,50"]'
    assert encode_checkpoint(CHECKPOINT) == written
    assert decode_checkpoint(written) == CHECKPOINT


def test_a_newer_version_is_refused_by_its_number() -> None:
    value = bytes([VERSION + 1]) + encode_checkpoint(CHECKPOINT)[1:]
    with pytest.raises(ValueError, match=f"version {VERSION + 1}.*reads version {VERSION}: run a newer one"):
        decode_checkpoint(value)


def test_the_first_version_is_said_to_be_of_an_old_release() -> None:
    # As 0.1 wrote it.
    value = bytes.fromhex("01 02 01 00 00 00 00 00 00") + b"abc"
    with pytest.raises(ValueError, match=r"made by version 0\.1, whose tables this version does not read"):
        decode_checkpoint(value)


@given(st.data())
def test_damage_is_never_taken_for_a_checkpoint_of_another_kind(data: st.DataObject) -> None:
    value = bytearray(encode_checkpoint(CHECKPOINT))
    del value[data.draw(st.integers(0, len(value) - 1)) :]
    with pytest.raises(ValueError, match=r"cut off|damaged"):
        decode_checkpoint(bytes(value))


@pytest.mark.parametrize("rest", [b"", b"{}", b"[]", b'["a"]', b'["a", 1]', b'[1, "a"]', b"[" * 100_000, b"\xff", b"7"])
def test_a_checkpoint_with_anything_else_in_it_is_damaged(rest: bytes) -> None:
    with pytest.raises(ValueError, match="damaged"):
        decode_checkpoint(encode_checkpoint(CHECKPOINT)[:9] + rest)


def test_no_negative_offset_is_read() -> None:
    with pytest.raises(ValueError, match="damaged"):
        decode_checkpoint(encode_checkpoint(CHECKPOINT._replace(offset=-1)))


def test_no_row_has_one_of_the_engines_keys() -> None:
    # Rows begin with a run id, which is not empty and holds no NUL.
    assert all(key.startswith(b"\x00") for key in (CHECKPOINT_KEY, RESET_KEY, POSITION_KEY))
    assert len({CHECKPOINT_KEY, RESET_KEY, POSITION_KEY}) == 3
