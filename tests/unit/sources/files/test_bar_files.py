import gzip
import re
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pytest

from app.domain.records import Bar
from app.domain.strategy import Strategy
from app.sources.base import Fault, SourceError
from app.sources.files.bar_files import BarFiles

HEADER = "symbol,timestamp,open,high,low,close,volume\n"


def row(symbol: str = "AAPL", minute: int = 30, close: float = 189.75) -> str:
    return f"{symbol},2024-11-14T14:{minute:02}:00Z,189,190.5,188.25,{close},1200\n"


class Opened:
    """A file with this content, read to its end."""

    def __init__(self, folder: Path, content: str | bytes, *, symbols: frozenset[str] = frozenset()) -> None:
        path = folder / "bars.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.faults: list[Fault] = []
        self.notices: list[str] = []
        self.source = BarFiles([str(path)], symbols=symbols, on_fault=self.faults.append, on_notice=self.notices.append)
        self.source.prepare(Strategy())
        self.bars: list[Bar] = list(self.source.bars())


def test_bars_of_several_symbols_in_the_files_order_repeated_and_late_ones_too(tmp_path: Path) -> None:
    lines = [row("SPY", 32), row("AAPL", 31), row("AAPL", 31), row("SPY", 30)]
    opened = Opened(tmp_path, HEADER + "".join(lines))
    assert [(bar["symbol"], bar["timestamp"] // 60_000 % 60) for bar in opened.bars] == [
        ("SPY", 32),
        ("AAPL", 31),
        ("AAPL", 31),
        ("SPY", 30),
    ]
    assert (opened.source.total, opened.source.read) == (4, 4)
    assert not opened.faults
    assert not opened.notices


def test_every_bar_says_where_it_comes_from(tmp_path: Path) -> None:
    opened = Opened(tmp_path, HEADER + row())
    bar = opened.bars[0]
    assert (bar["origin"], bar["source"], bar["feed"]) == ("replay", "csv:bars.csv", "")
    assert re.fullmatch(r"replay-2024-11-14-[0-9a-f]{8}", bar["run_id"])
    assert bar["run_id"] == opened.source.run_id
    assert Opened(tmp_path, HEADER + row()).source.run_id != opened.source.run_id


def test_a_bad_line_is_reported_with_its_number_and_the_good_ones_go_on(tmp_path: Path) -> None:
    content = HEADER + row(minute=30) + row(close=-1) + "\n" + '"AAPL,oops\n' + row(minute=31) + "\udcff\n"
    opened = Opened(tmp_path, content.encode("utf-8", "surrogateescape"))
    assert [bar["timestamp"] // 60_000 % 60 for bar in opened.bars] == [30, 31]
    assert [fault.line for fault in opened.faults] == [3, 5, 7]
    assert "close is -1.0" in opened.faults[0].message
    assert opened.source.read == opened.source.total == 5


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: gzip.compress(text.encode()),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: re.sub(r"([^,\n]+)", r'"\1"', text).encode(),
        lambda text: text.rstrip("\n").encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode("utf-16-be"),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: text.replace("\n", "\r").encode("utf-16"),
        lambda text: pa.compress(text.encode(), codec="zstd", asbytes=True),
    ],
    ids=[
        "gzip whatever its name",
        "byte order mark",
        "CRLF",
        "quoted",
        "no newline at the end",
        "UTF-16 with its mark",
        "UTF-16, little end",
        "UTF-16, big end",
        "CR",
        "CR in UTF-16",
        "zstd",
    ],
)
def test_files_as_other_programs_write_them(tmp_path: Path, encode) -> None:  # type: ignore[no-untyped-def]
    opened = Opened(tmp_path, encode(HEADER + row(minute=30) + row(minute=31)))
    assert len(opened.bars) == opened.source.total == 2
    assert not opened.faults


def test_only_the_symbols_asked_for(tmp_path: Path) -> None:
    opened = Opened(tmp_path, HEADER + row("AAPL") + row("SPY"), symbols=frozenset({"SPY"}))
    assert [bar["symbol"] for bar in opened.bars] == ["SPY"]
    assert opened.source.read == opened.source.total == 2


def test_one_notice_for_columns_that_are_ignored(tmp_path: Path) -> None:
    lines = [HEADER.strip() + ",note,adj\n", *(row(minute=m + 30).strip() + ",x,y\n" for m in range(3))]
    opened = Opened(tmp_path, "".join(lines))
    assert len(opened.bars) == 3
    assert opened.notices == ["csv:bars.csv: ignored columns: note, adj."]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "Found: nothing"),
        (HEADER.encode(), "there is no bar in it"),
        (HEADER.encode() + b"AAPL,x,1,1,1,1,1\n", "there is no bar in it; line 2: timestamp is 'x'"),
        (b"a;b\n", "Missing: symbol"),
        (HEADER.encode("utf-16"), "there is no bar in it"),
        (
            HEADER.encode() + b"AAPL,2024-11-14T14:30:00,1,1,1,1,1\n",
            "line 2: timestamp is '2024-11-14T14:30:00', which",
        ),
        (gzip.compress((HEADER + row() * 1000).encode(), mtime=0)[:60], "damaged or cut off"),
    ],
)
def test_a_file_of_no_use_is_refused_with_the_cause(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(SourceError, match=re.escape(message)):
        Opened(tmp_path, content)


def test_what_is_not_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="No such file"):
        BarFiles([str(tmp_path / "missing.csv")])
    with pytest.raises(SourceError, match="is not a file"):
        BarFiles([str(tmp_path)])


def test_a_given_run_id_is_kept(tmp_path: Path) -> None:
    (tmp_path / "bars.csv").write_text(HEADER + row())
    assert BarFiles([str(tmp_path / "bars.csv")], run_id="mine").run_id == "mine"


def test_a_line_without_an_end_is_never_held_as_a_whole(tmp_path: Path) -> None:
    content = gzip.compress((HEADER + row() + "x" * 30_000_000 + "\n" + row(minute=31)).encode(), 1)
    tracemalloc.start()
    try:
        opened = Opened(tmp_path, content)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
    assert len(opened.bars) == 2
    assert [fault.line for fault in opened.faults] == [3]
