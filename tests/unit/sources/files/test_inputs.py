import gzip
import io
import os
import resource
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pytest

from app.sources.base import SourceError
from app.sources.files.inputs import find_inputs
from tests.unit.sources.files import written
from tests.unit.sources.files.written import made, read, write


def zipped(**members: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return file.getvalue()


def names(*texts: str) -> list[str]:
    return [each.label for each in find_inputs(texts)]


def test_paths_patterns_and_a_list_in_one_text(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "with space.csv"):
        write(tmp_path / name, "x")
    assert names(str(tmp_path / "*.csv")) == ["a.csv", "b.csv", "with space.csv"]
    assert names(f"{tmp_path}/with space.csv") == ["with space.csv"]
    assert names(f"{tmp_path}/b.csv {tmp_path}/a.csv") == ["b.csv", "a.csv"]
    assert names(str(tmp_path / "a.csv"), str(tmp_path / "?.csv")) == ["a.csv", "b.csv"]
    with pytest.raises(SourceError, match="No such file"):
        find_inputs([str(tmp_path / "*.txt")])
    with pytest.raises(SourceError, match="is not a file"):
        find_inputs([str(tmp_path)])


def test_several_files_are_one_run_in_order_of_time(tmp_path: Path) -> None:
    rows = made(count=9)
    write(tmp_path / "1.csv", written.own(rows[6:]))
    write(tmp_path / "2.csv.gz", gzip.compress(written.own(rows[:6]).encode()))
    write(tmp_path / "3.parquet", written.parquet(made("MSFT", 9, 410.0)))
    found = read(tmp_path / "*")
    assert [row for row in found.rows if row.symbol == "AAPL"] == rows
    assert [row.timestamp for row in found.rows] == sorted(row.timestamp for row in found.rows)
    assert found.files.labels == ["csv:1.csv", "csv:2.csv.gz", "parquet:3.parquet"]
    sources = {bar["source"] for bar in found.files.bars()}
    assert sources == set(found.files.labels)


def test_faults_of_several_files_name_theirs(tmp_path: Path) -> None:
    write(tmp_path / "1.csv", written.own(made()) + "oops\n")
    write(tmp_path / "2.csv", written.own(made("MSFT")))
    found = read(tmp_path / "1.csv", tmp_path / "2.csv")
    assert [(fault.line, fault.file, fault.unit) for fault in found.faults] == [(7, str(tmp_path / "1.csv"), "Line")]


def test_all_files_that_cannot_be_read_are_named_at_once(tmp_path: Path) -> None:
    write(tmp_path / "1.csv", "a,b\n1,2\n")
    write(tmp_path / "2.csv", written.own(made()))
    write(tmp_path / "3.csv", written.yahoo(made()))
    with pytest.raises(SourceError) as refused:
        read(tmp_path / "*")
    assert [Path(line.split(":")[0]).name for line in str(refused.value).splitlines()] == ["1.csv", "3.csv"]


def test_a_zip_file_of_several(tmp_path: Path) -> None:
    content = zipped(**{"x__AAPL_1min.txt": written.firstrate(made()), "MSFT_1min.txt": written.firstrate(made())})
    found = read(write(tmp_path / "all.zip", content))
    assert sorted({row.symbol for row in found.rows}) == ["AAPL", "MSFT"]
    assert len(found.rows) == 10


def test_standard_input_is_kept_and_read_as_a_file() -> None:
    packed = gzip.compress(written.own(made()).encode())
    found = read("-", stdin=lambda: io.BytesIO(packed))
    assert found.rows == made()
    assert (found.files.name, str(found.files)) == ("csv:stdin", "csv, standard input")
    kept = found.files.files[0].input.path
    assert kept.exists()
    del found
    assert not kept.exists()


@contextmanager
def no_room() -> Iterator[None]:
    """No file of this process may grow. The kernel then refuses what is written, as it does on a full disk."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)


def test_standard_input_that_cannot_be_kept_is_one_sentence(tmp_path: Path) -> None:
    """What is little is written only when the file is closed."""
    little = io.BytesIO(written.own(made()).encode())
    with no_room(), pytest.raises(SourceError, match=r"cannot be kept in .*: File too large\. Make room"):
        find_inputs(["-"], lambda: tmp_path, lambda: little)


def test_a_pipe_with_a_name_is_kept_and_read_as_standard_input(tmp_path: Path) -> None:
    """As a shell makes one for <(zcat bars.csv.gz)."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(written.own(made()),))
    writer.start()
    found = read(pipe)
    writer.join()
    assert found.rows == made()


def test_standard_input_that_is_closed_is_one_sentence() -> None:
    with pytest.raises(SourceError, match="Standard input is closed"):
        read("-", stdin=lambda: None)


# Made in the test: bombs take seconds, and each process of pytest imports this.
@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (lambda: gzip.compress(b"x" * 300_000_000, 1), "unpacks to more than"),
        (lambda: pa.compress(b"x" * 300_000_000, codec="zstd", asbytes=True), "unpacks to more than"),
        (lambda: zipped(a="x" * 300_000_000), "unpacks to more than"),
        (lambda: gzip.compress(written.own(made(count=500)).encode())[:-20], "damaged or cut off"),
        (
            lambda: pa.compress(written.own(made(count=500)).encode(), codec="zstd", asbytes=True)[:-20],
            "damaged or cut off",
        ),
        (lambda: pa.compress(b"x" * 100, codec="zstd", asbytes=True)[:8] + b"junk", "damaged or cut off"),
        (lambda: zipped(a=written.own(made()))[:-30], "damaged or cut off"),
        (lambda: zipped(), "There is no file in"),
    ],
    ids=["gzip bomb", "zstd bomb", "zip bomb", "cut gzip", "cut zstd", "broken zstd", "cut zip", "empty zip"],
)
def test_what_is_damaged_or_a_trap_is_one_sentence(tmp_path: Path, contents: Callable[[], bytes], message: str) -> None:
    path = write(tmp_path / "a", contents())
    with pytest.raises(SourceError, match=message) as refused:
        read(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_name_in_a_zip_file_does_not_reach_the_terminal_raw(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", zipped(**{"x\x1b[2J\n.csv": "a,b\x1b[2J\n1,2\n"}))
    with pytest.raises(SourceError) as refused:
        read(path)
    assert str(refused.value).isprintable()
    assert r"x\x1b[2J\n.csv" in str(refused.value)


def test_a_locked_zip_file_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped(a=written.own(made())))
    # The flag of a password, in both headers.
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(SourceError, match="cannot be unpacked"):
        read(write(tmp_path / "a.zip", bytes(content)))
