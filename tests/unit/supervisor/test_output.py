import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress

import pytest

from app.supervisor.output import Lines, Output

PIPE_HOLDS = 1 << 20


def test_lines_are_whole_and_have_the_prefix() -> None:
    lines = Lines(b"1 | ")
    assert lines.feed(b"one\ntw") == b"1 | one\n"
    assert lines.feed(b"o\n\nthree") == b"1 | two\n1 | \n"
    assert lines.end() == b"1 | three\n"
    assert lines.end() == b""


def test_a_line_without_end_is_cut() -> None:
    lines = Lines(b"")
    said = b"".join(lines.feed(b"x" * 50_000) for _ in range(10))
    assert 400_000 < len(said) < 510_000


@pytest.mark.parametrize(
    ("said", "last_words"),
    [
        (b"", ""),
        (b"starting\nended\n\n", "ended"),
        (b"Error: old\nstarting\nError: settings:\n  - one\n  - two\n", "settings:\n  - one\n  - two"),
        (b"\xff\n", "�"),
    ],
)
def test_last_words(said: bytes, last_words: str) -> None:
    lines = Lines(b"1 | ")
    lines.feed(said)
    assert lines.last_words() == last_words


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    with suppress(OSError):  # Some tests close it.
        os.close(reader)
    # The other end stays open: the test's thread may still write to it, and must not find the next test's pipe there.


async def test_what_is_written_arrives(pipe: tuple[int, int]) -> None:
    output = Output(pipe[1], lambda: None)
    await output.write(b"one\n")
    await output.write(b"two\n")
    assert os.read(pipe[0], 100) == b"one\ntwo\n"


async def test_a_slow_reader_slows_who_writes_until_there_is_a_hurry(pipe: tuple[int, int]) -> None:
    output = Output(pipe[1], lambda: None)
    writing = asyncio.ensure_future(output.write(b"x" * PIPE_HOLDS))
    _, pending = await asyncio.wait({writing}, timeout=0.1)
    assert pending
    output.hurry()
    await writing
    await output.write(b"more")
    await output.flush(0.1)
    os.close(pipe[0])  # Ends the thread's write.


async def test_a_reader_that_is_gone_is_noticed_once_and_holds_nobody(pipe: tuple[int, int]) -> None:
    gone: list[bool] = []
    output = Output(pipe[1], lambda: gone.append(True))
    os.close(pipe[0])
    await output.write(b"one\n")
    await output.write(b"two\n")
    assert gone == [True]


async def test_a_full_disk_loses_lines_and_ends_nothing() -> None:
    gone: list[bool] = []
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        await Output(full, lambda: gone.append(True)).write(b"one\n")
    finally:
        os.close(full)
    assert gone == []


async def test_a_descriptor_that_does_not_block_loses_nothing(pipe: tuple[int, int]) -> None:
    os.set_blocking(pipe[1], False)
    gone: list[bool] = []
    writing = asyncio.ensure_future(Output(pipe[1], lambda: gone.append(True)).write(b"x" * PIPE_HOLDS))
    read = 0
    while read < PIPE_HOLDS:
        read += len(await asyncio.to_thread(os.read, pipe[0], PIPE_HOLDS))
    await writing
    assert gone == []
