"""The form of an answer between workers."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.line import Line
from web.reader import PartitionProgress
from web.workers.part import MEDIA_TYPE, VERSION, NotAPart, WorkerPart, read_part, version_of, write_part

texts = st.text(st.characters(codec="utf-8"), max_size=5)
lines = st.builds(
    Line,
    st.integers(0, 2**53),
    texts,
    st.integers(0, 99),
    st.sampled_from([b"{}", b'{"a":"\\n\\t"}', '{"b":"\u2028"}'.encode()]),
)
progress = st.builds(
    PartitionProgress, st.integers(0, 99), st.none() | st.integers(0, 2**60), st.none() | st.just(3), st.booleans()
)
parts = st.builds(
    WorkerPart,
    st.dictionaries(texts, st.none() | st.integers() | texts | st.lists(texts, max_size=3), max_size=3),
    st.lists(lines, max_size=120),
    st.lists(progress, max_size=3),
    st.integers(0, 2**50),
)


async def written(part: WorkerPart) -> bytes:
    return b"".join([piece async for piece in write_part(part)])


async def chunks(text: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(text), size):
        yield text[start : start + size]


@given(parts, st.integers(1, 300))
async def test_it_comes_back_as_it_was_however_it_is_cut(part: WorkerPart, size: int) -> None:
    assert await read_part(chunks(await written(part), size), len(part.lines)) == part


async def test_more_lines_than_were_asked_for_are_refused() -> None:
    text = await written(WorkerPart({}, [Line(1, "A", 0, b"{}")] * 3))
    assert len((await read_part(chunks(text, 10), None)).lines) == 3
    with pytest.raises(NotAPart, match="more than 2 lines"):
        await read_part(chunks(text, 10), 2)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n",
        b"{}\n",
        b"[]\n",
        b"<html>\n",
        b'{"head":{},"partitions":[],"as_of":0}\n',
        b'{"head":{},"partitions":[],"as_of":0,"order":[[1],["A"]]}\n{}\n',
        b'{"head":{},"partitions":[],"as_of":0,"order":[[1],["A"],[0]]}\n',
        b'{"head":{},"partitions":[],"as_of":0,"order":[[1],["A"],["0"]]}\n{}\n',
        b'{"head":{},"partitions":[],"as_of":0,"order":[[1],["A"],[0]]}\n{}',
        b'{"head":{},"partitions":[],"as_of":0,"order":[[],[],[]]}\n{}\n',
        b'{"head":{},"partitions":[[1]],"as_of":0,"order":[[],[],[]]}\n',
        b'{"head":{},"partitions":[],"as_of":null,"order":[[],[],[]]}\n',
        b"\xff\xfe\n",
    ],
)
async def test_what_is_cut_or_something_else_is_no_part(text: bytes) -> None:
    with pytest.raises(NotAPart):
        await read_part(chunks(text, 7), None)


async def test_a_line_without_an_end_is_not_kept_for_ever() -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while taken < 100:
            taken += 1
            yield b"x" * 1024 * 1024

    with pytest.raises(NotAPart, match="a line of more than 8388608 bytes"):
        await read_part(endless(), None)
    assert taken == 9


@pytest.mark.parametrize(
    ("media_type", "version"),
    [
        (MEDIA_TYPE, VERSION),
        ("application/x-stock-signals-part", 1),
        ("application/x-stock-signals-part; version=12", 12),
        ("application/x-stock-signals-part; version=-1", None),
        ("application/json", None),
        ("", None),
    ],
)
def test_a_media_type_says_which_version_it_is(media_type: str, version: int | None) -> None:
    assert version_of(media_type) == version
