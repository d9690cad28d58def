"""The rows of the table of windows, and checkpoints.

Promised of any bytes: `UnknownFormat` (of checkpoints: ValueError), or a row that is written
and read again as the same. A series with such a row in it is refused by table and key, or its
window is restored, takes more bars, and what its rows say can be shown.
"""

from app.domain.records import MINUTE_MS
from app.domain.row import row_of
from app.domain.validation import LATEST_MS
from app.engine.checkpoint import Checkpoint, decode_checkpoint, encode_checkpoint
from app.engine.errors import UnreadableState
from tables.format import UnknownFormat
from tables.row_format import decode_row, decode_rows, number_of, read_fixed, row_key
from tests.bars import TOPIC_ID, make_bar
from tests.harness.fuzzing.family import Family
from tests.unit.domain.nights import DAY, never_open
from tests.unit.domain.pipeline import SERIES, Pipeline
from tests.unit.tables.encoding import encode_row
from tests.unit.tables.golden_rows import GOLDEN, golden_bytes
from tests.unit.tables.memory_table import TINY

#: Bars in the rows that the bytes are put among: two days, with a split between them.
BARS = 11


def _series() -> Pipeline:
    pipeline = Pipeline(TINY, gap=never_open)
    for number in range(BARS):
        minute, close = (number, 20.0 + number) if number < 6 else (DAY + number, 10.0 - number / 4)
        pipeline.feed([make_bar(minute, close, adjustment="raw")])
    return pipeline


_RIGHT = dict(_series().table.rows)


def _check_row(data: bytes) -> None:
    try:
        row = decode_row(data)
    except UnknownFormat:
        return
    assert number_of(data) == row.number
    assert repr(row_of(read_fixed([data])[0], row.strategy, row.provenance)) == repr(row)
    rows, provenances = decode_rows([data])
    assert (rows.tobytes(), provenances) == (read_fixed([data]).tobytes(), [row.provenance])
    written = encode_row(row)
    assert repr(decode_row(written)) == repr(row)
    _check_series(row.number, data)


def _check_series(number: int, data: bytes) -> None:
    pipeline = Pipeline(TINY, gap=never_open)
    pipeline.table.rows.update(_RIGHT)
    pipeline.table.rows[row_key(SERIES, number % pipeline.table.keep_bars)] = data
    try:
        newest = int(pipeline.window().rows["minute"][-1])
    except UnreadableState:
        return
    for late in (1, 0, -1, -3):
        timestamp = (newest + late) * MINUTE_MS
        if timestamp < LATEST_MS:
            pipeline.feed([make_bar(0, 10.0, timestamp=timestamp, adjustment="raw")])
    for signal in pipeline.view():
        assert signal["explanation"]


def _check_checkpoint(data: bytes) -> None:
    try:
        checkpoint = decode_checkpoint(data)
    except ValueError:
        return
    assert decode_checkpoint(encode_checkpoint(checkpoint)) == checkpoint
    assert checkpoint.offset >= 0


ROWS = Family(
    "rows",
    [
        *_RIGHT.values(),
        *(data for path in sorted(GOLDEN.glob("row-*.bin")) for data in golden_bytes(int(path.stem[4:]))),
    ],
    _check_row,
)
CHECKPOINTS = Family(
    "checkpoints",
    [encode_checkpoint(Checkpoint(TOPIC_ID, 2**40, '{"rows": 1}')), encode_checkpoint(Checkpoint("", 0, ""))],
    _check_checkpoint,
)
