import json
import tracemalloc
from pathlib import Path

import pytest

from app.sources.base import SourceError
from tests.unit.sources.files import written
from tests.unit.sources.files.written import made, read, write


def test_pages_one_after_the_other_and_in_a_list(tmp_path: Path) -> None:
    rows = made(count=9)
    pages = [written.alpaca_json(rows[:4]), written.alpaca_json(rows[4:]), written.alpaca_json(made("MSFT", 2))]
    for name, text in (("lines.json", "\n".join(pages)), ("list.json", f"[{', '.join(pages)}]")):
        found = read(write(tmp_path / name, text))
        assert found.rows == [*rows, *made("MSFT", 2)]


def test_a_symbol_that_is_not_there_is_asked_for(tmp_path: Path) -> None:
    text = json.dumps({"bars": json.loads(written.alpaca_json(made()))["bars"]})
    path = write(tmp_path / "a.json", text)
    with pytest.raises(SourceError, match="for example --symbol AAPL"):
        read(path)
    assert read(path, symbol="AAPL").rows == made()


def test_a_symbol_for_a_file_that_names_several_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", written.alpaca_json_of_many(made()))
    with pytest.raises(SourceError, match="--symbols, not --symbol"):
        read(path, symbol="AAPL")


def test_what_is_no_bar_is_counted_by_its_place(tmp_path: Path) -> None:
    answer = json.loads(written.alpaca_json_of_many([*made(), *made("MSFT")]))
    answer["bars"]["AAPL"][2]["c"] = "oops"
    answer["bars"]["MSFT"][1]["h"] = 1
    answer["bars"]["NONE"] = None
    found = read(write(tmp_path / "a.json", json.dumps(answer)))
    assert [(fault.line, fault.unit) for fault in found.faults] == [(3, "Bar"), (7, "Bar")]
    assert len(found.rows) == 8


def test_a_symbol_with_damaged_text_is_none(tmp_path: Path) -> None:
    text = written.alpaca_json_of_many([*made(), *made("MSXFT")]).encode()
    found = read(write(tmp_path / "a.json", text.replace(b"MSXFT", b"MS\xffFT")))
    assert found.rows == made()
    assert [fault.line for fault in found.faults] == [6, 7, 8, 9, 10]


@pytest.mark.parametrize(
    "text",
    [
        '{"bars": {"AAPL": [' + "[" * 100_000,
        '{"bars": {"AAPL": ["' + "x" * 500_000,
        '{"bars": {"AAPL": [1 2]}}',
        '{"bars" [1]}',
        '{"bars": {"AAPL": []',
        "{1: 2}",
        "[1, 2]",
        "{",
    ],
)
def test_what_is_broken_is_one_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(SourceError) as refused:
        read(write(tmp_path / "a.json", text))
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 500


def test_a_large_file_is_never_held_as_a_whole(tmp_path: Path) -> None:
    bars = json.loads(written.alpaca_json(made(count=300)))["bars"]
    text = json.dumps(bars)[1:-1]
    path = write(tmp_path / "a.json", '{"symbol": "AAPL", "bars": [' + ", ".join([text] * 60) + "]}")
    assert path.stat().st_size > 2_000_000
    tracemalloc.start()
    try:
        parts = read(path, symbol="AAPL").files.rows(lambda _: None)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        assert sum(map(len, parts)) == 18_000
        assert tracemalloc.get_traced_memory()[1] - before < 4_000_000
    finally:
        tracemalloc.stop()
