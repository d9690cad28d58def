"""The records that set the tables back. Whatever beginning of them is written, a worker goes on from a right state.

1. Windows: of each partition a progress record that is no progress, which makes a
   worker read the raw topic from its start; then an empty window for each key. A key
   that still has its window meets bars that it knows, and says nothing.
2. Signals, once all windows are empty: progress at the present end of the indicators
   topic, for the bars bring all indicators again; then an empty history for each key.

Empty values take the place of old ones wherever these are, in the data folders of
other machines too: restoring prefers a value of another source topic to its own.
"""

from collections.abc import Iterable, Iterator

from app.domain.history import History, SourcePosition
from app.engine.progress import PROGRESS_KEY, encode_progress

from app.domain.records import Position
from app.domain.strategy import Strategy
from app.domain.window import Window
from tables.rebuild_plan import Part
from tables.signals_value import encode_history
from tables.window_value import encode_window

#: No topic has this id, so what carries it comes from none that is there.
NO_TOPIC_ID = ""

Record = tuple[int, bytes, bytes]
"""Partition, key, value."""


def no_progress(parts: Iterable[Part]) -> Iterator[Record]:
    """Of the windows: read from the start."""
    for part in parts:
        yield part.partition, PROGRESS_KEY, encode_progress(NO_TOPIC_ID, 0)


def empty_windows(parts: Iterable[Part], strategy: Strategy) -> Iterator[Record]:
    """For each key of the windows a window that has seen nothing."""
    for part in parts:
        value = encode_window(Window(strategy.name, position=Position(NO_TOPIC_ID, part.partition, -1)))
        for key in sorted(part.windows.keys):
            yield part.partition, key, value


def progress_at_the_end(parts: Iterable[Part], indicators_id: str) -> Iterator[Record]:
    """Of the signals: read what comes behind the present end of the indicators topic, which has this id."""
    for part in parts:
        yield part.partition, PROGRESS_KEY, encode_progress(indicators_id, part.indicators_end)


def empty_histories(parts: Iterable[Part], strategy: Strategy) -> Iterator[Record]:
    """For each key of the signals a history that has seen nothing."""
    for part in parts:
        value = encode_history(History(strategy.name, SourcePosition(NO_TOPIC_ID, part.partition, -1, 0)))
        for key in sorted(part.signals.keys):
            yield part.partition, key, value
