"""The rolling window of every run and symbol; tables/window_value.py describes a value's bytes."""

from app.domain.window_soundness import window_fault
from app.worker import app, catalogue
from tables.series_table import SeriesTable
from tables.window_value import decode_window, position_of

windows = SeriesTable(
    app,
    name="windows",
    help="The rolling window of every run and symbol.",
    settings=app.settings,
    decode=decode_window,
    fault=window_fault,
    position_of=position_of,
    source_topic=catalogue.raw.name,
    partitions=catalogue.raw.partitions,
)
app.tables.add(windows)
