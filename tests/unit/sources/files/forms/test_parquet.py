import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.sources.base import SourceError
from tests.unit.sources.files import written
from tests.unit.sources.files.written import made, read, without, write

ROWS = [*made(), *made("MSFT", 3)]


def table(**changes: object) -> pa.Table:
    columns = pq.read_table(io.BytesIO(written.parquet(ROWS))).to_pydict()
    columns["timestamp"] = [row.timestamp for row in ROWS]
    return pa.table({**columns, **changes})


def file(path: Path, content: pa.Table) -> Path:
    pq.write_table(content, path)
    return path


@pytest.mark.parametrize(
    "times",
    [
        pa.array([row.timestamp for row in ROWS]),
        pa.array([row.timestamp * 1_000_000 for row in ROWS]),
        pa.array([written.iso(row) for row in ROWS]),
        pa.array([row.timestamp for row in ROWS]).cast(pa.timestamp("ms", "America/New_York")),
        pa.array([row.timestamp * 1_000_000 for row in ROWS]).cast(pa.timestamp("ns", "UTC")),
    ],
    ids=["milliseconds", "nanoseconds", "text", "New York", "timestamps in ns"],
)
def test_times_of_every_type(tmp_path: Path, times: pa.Array) -> None:
    assert read(file(tmp_path / "a.parquet", table(timestamp=times))).rows == ROWS


def test_times_without_a_zone_are_asked_for(tmp_path: Path) -> None:
    clock = pa.array([written.when(row, written.NEW_YORK).replace(tzinfo=None) for row in ROWS])
    path = file(tmp_path / "a.parquet", table(timestamp=clock))
    with pytest.raises(SourceError, match="--tz America/New_York"):
        read(path)
    assert read(path, zone=written.NEW_YORK).rows == ROWS


def test_other_forms_names_and_a_pandas_index(tmp_path: Path) -> None:
    content = table().rename_columns({"symbol": "ticker", "timestamp": "window_start", "trade_count": "transactions"})
    assert read(file(tmp_path / "p.parquet", content)).rows == without(ROWS, "vwap")
    content = table().rename_columns({"timestamp": "__index_level_0__"})
    assert read(file(tmp_path / "i.parquet", content)).rows == ROWS


def test_rows_that_are_no_bars_are_named_and_empty_cells_are_no_values(tmp_path: Path) -> None:
    closes = [row.close for row in ROWS]
    content = table(close=[None, -1.0, *closes[2:]], vwap=pa.nulls(8, pa.float64()), trade_count=pa.nulls(8))
    found = read(file(tmp_path / "a.parquet", content))
    assert found.rows == without(ROWS[2:], "vwap", "trade_count")
    assert [(fault.line, fault.unit) for fault in found.faults] == [(1, "Row"), (2, "Row")]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"close": ["x"] * 8}, "a column that must hold numbers does not"),
        ({"symbol": [b"\xff"] * 8}, "its symbols are no texts"),
        ({"timestamp": ["soon"] * 8}, "there is no bar in it"),
        ({"timestamp": [[1]] * 8}, "its times cannot be read"),
    ],
)
def test_columns_of_other_types_are_refused(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(SourceError, match=message):
        read(file(tmp_path / "a.parquet", table(**changes)))


def test_what_is_damaged_is_one_sentence(tmp_path: Path) -> None:
    whole = written.parquet(ROWS)
    for content in (whole[:-4], whole[:100], b"PAR1", whole[:4] + b"\xff" * 300 + whole[304:]):
        with pytest.raises(SourceError, match="damaged or cut off") as refused:
            read(write(tmp_path / "a.parquet", content))
        assert "\n" not in str(refused.value)


def test_packed_parquet_is_refused(tmp_path: Path) -> None:
    packed = pa.compress(written.parquet(ROWS), codec="zstd", asbytes=True)
    with pytest.raises(SourceError, match="Parquet inside of a packed file"):
        read(write(tmp_path / "a.parquet.zst", packed))
