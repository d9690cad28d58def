"""The newest signals of every run and symbol; tables/signals_value.py describes a value's bytes."""

from app.domain.history_soundness import history_fault
from app.worker import app, catalogue
from tables.series_table import SeriesTable
from tables.signals_value import decode_history, position_of

signals = SeriesTable(
    app,
    name="signals",
    help="The newest signals of every run and symbol.",
    settings=app.settings,
    decode=decode_history,
    fault=history_fault,
    position_of=position_of,
    source_topic=catalogue.indicators.name,
    partitions=catalogue.indicators.partitions,
)
app.tables.add(signals)
