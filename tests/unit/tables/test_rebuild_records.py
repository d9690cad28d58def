"""Whatever beginning of the records is written, workers come to the same signals; a model of two agents shows it."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.domain import history
from app.domain.history import History
from app.domain.key import table_key
from app.domain.records import Bar, Indicators, Signal
from app.domain.strategy import Strategy
from app.domain.window import Window
from app.engine.progress import PROGRESS_KEY, decode_progress, encode_progress
from tables import signals_value, window_value
from tables.rebuild_plan import Changelog, Part
from tables.rebuild_records import empty_histories, empty_windows, no_progress, progress_at_the_end
from tables.signals_value import decode_history, encode_history
from tables.window_value import decode_window, encode_window
from tests.bars import TOPIC_ID
from tests.integration.bars import random_bars
from tests.oracle import differences, final_signals
from tests.unit.domain.pipeline import NOW_MS, every_minute, fold

STRATEGY = Strategy()
INDICATORS_ID = "indicators-id"
SYMBOLS, MINUTES = 2, 70
BARS = list(random_bars(SYMBOLS, MINUTES, seed=5))
#: Indicators that no signal was made of when the workers stopped.
BEHIND = 7
#: Of each table a progress record, and one for each key.
RECORDS = 2 * (1 + SYMBOLS)

Log = list[tuple[bytes, bytes]]


@dataclass
class World:
    """The topics of one partition."""

    indicators: list[Indicators] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)
    windows: Log = field(default_factory=list)
    histories: Log = field(default_factory=list)

    def work(self, behind: int = 0) -> None:
        """What a worker with an empty disk does until nothing is left; the signals agent stops `behind` the other."""
        windows = restored(self.windows, window_value.position_of)
        for offset in range(progress(windows, TOPIC_ID), len(BARS)):
            bar: Bar = BARS[offset]
            key = table_key(bar["run_id"], bar["symbol"])
            window = decode_window(windows[key]) if key in windows else Window(STRATEGY.name)
            window, stepped = fold(window, [(offset, bar)], STRATEGY)
            self.indicators += stepped.indicators
            windows[key] = encode_window(window)
            self.windows += [(key, windows[key]), (PROGRESS_KEY, encode_progress(TOPIC_ID, offset + 1))]
        histories = restored(self.histories, signals_value.position_of)
        for offset in range(progress(histories, INDICATORS_ID), len(self.indicators) - behind):
            record = self.indicators[offset]
            key = table_key(record["run_id"], record["symbol"])
            before = decode_history(histories[key]) if key in histories else History(STRATEGY.name)
            after, made = history.step(before, [record], strategy=STRATEGY, signal_history=50, now_ms=NOW_MS)
            self.signals += made
            histories[key] = encode_history(after)
            self.histories += [(key, histories[key]), (PROGRESS_KEY, encode_progress(INDICATORS_ID, offset + 1))]

    def set_back(self, records: int = RECORDS) -> None:
        """Write the first so many records of a rebuild; delete older ones once all are written."""
        part = Part(3, 0, 0, len(BARS), len(self.indicators), log("w", self.windows), log("s", self.histories))
        windows = [*no_progress([part]), *empty_windows([part], STRATEGY)]
        histories = [*progress_at_the_end([part], INDICATORS_ID), *empty_histories([part], STRATEGY)]
        assert len(windows) + len(histories) == RECORDS
        self.windows += [record[1:] for record in windows[:records]]
        self.histories += [record[1:] for record in histories[: max(0, records - len(windows))]]
        if records == RECORDS:
            del self.windows[: -len(windows)], self.histories[: -len(histories)]

    def check(self) -> None:
        latest = {(each["symbol"], each["timestamp"]): each for each in self.signals}
        assert differences(final_signals(BARS, STRATEGY, every_minute), latest.values()) == []
        by_id: dict[str, Signal] = {}
        for signal in self.signals:
            assert by_id.setdefault(signal["id"], signal) == signal
        for key, value in restored(self.histories, signals_value.position_of).items():
            if key != PROGRESS_KEY:
                run_id, symbol = key.decode().split("\0")
                kept = decode_history(value).signals(run_id, symbol, STRATEGY)
                assert kept == [latest[symbol, each["timestamp"]] for each in kept]
                assert len(kept) == 50
        for key, value in restored(self.windows, window_value.position_of).items():
            if key != PROGRESS_KEY:
                assert decode_window(value).bars_seen == MINUTES


def restored(changelog: Log, position_of: Callable[[bytes], Any]) -> dict[bytes, bytes]:
    """As app/engine/table.py does it: of each key the value with the higher position, or of another topic."""
    kept: dict[bytes, bytes] = {}
    for key, value in changelog:
        position = decode_progress if key == PROGRESS_KEY else position_of
        known = kept.get(key)
        if known is None or position(value)[0] != position(known)[0] or position(value) >= position(known):
            kept[key] = value
    return kept


def progress(table: dict[bytes, bytes], topic_id: str) -> int:
    if PROGRESS_KEY not in table:
        return 0
    known_id, offset = decode_progress(table[PROGRESS_KEY])
    return offset if known_id == topic_id else 0


def log(topic: str, changelog: Log) -> Changelog:
    return Changelog(topic, 3, len(changelog), {key for key, _ in changelog} - {PROGRESS_KEY})


@pytest.fixture(scope="module")
def before() -> World:
    """A world whose workers stopped a little early."""
    world = World()
    world.work(BEHIND)
    return world


@pytest.mark.parametrize("written", range(RECORDS + 1))
def test_workers_come_to_right_signals_after_any_beginning(before: World, written: int) -> None:
    world = deepcopy(before)
    world.set_back(written)
    world.work()
    world.check()


@pytest.mark.parametrize("written", range(RECORDS + 1))
def test_it_can_be_run_again_at_once_or_later(before: World, written: int) -> None:
    world = deepcopy(before)
    world.set_back(written)
    world.set_back()
    again = len(world.signals)
    world.work()
    world.check()
    assert len(world.signals) - again == len(BARS), "all is computed anew"
    world.set_back(written)
    world.work(BEHIND)
    world.set_back()
    world.work()
    world.check()


@pytest.mark.parametrize("newer", range(2))
def test_a_folder_of_another_machine_follows(before: World, newer: int) -> None:
    world = deepcopy(before)
    old = restored(world.windows, window_value.position_of)
    world.set_back()
    for _ in range(newer):
        world.work()
    found = restored([*old.items(), *world.windows], window_value.position_of)
    assert found == restored(world.windows, window_value.position_of)
