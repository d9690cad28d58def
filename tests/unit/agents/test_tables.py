"""Which of two values of a table is kept when both are in its changelog, and what is refused at the start."""

from typing import Any

import pytest

from app.domain import rows
from app.domain.history import History, SourcePosition
from app.domain.labels import Label
from app.domain.records import Position
from app.domain.window import Window
from app.engine.restoring import UnreadableValue, is_newer
from tables.signals_value import encode_history
from tables.signals_value import position_of as position_of_history
from tables.strategy import StrategyDiffers
from tables.window_value import encode_window
from tables.window_value import position_of as position_of_window
from tests.bars import make_bar
from tests.unit.agents.conftest import TOPIC_ID, Program

KEY = b"run\x00AAPL"


def window(offset: int, topic_id: str = TOPIC_ID, strategy: str = "s") -> bytes:
    label, row = Label("replay", "csv:bars.csv", ""), rows.pack(make_bar(0, 100.0), 0, 0)
    return encode_window(Window(strategy, 1, Position(topic_id, 0, offset), (label,), (0.0,), (0.0,), row))


def history(offset: int, index: int = 0, topic_id: str = TOPIC_ID, strategy: str = "s") -> bytes:
    return encode_history(History(strategy, SourcePosition(topic_id, 0, offset, index), (), b""))


TABLES = [
    pytest.param(window, position_of_window, id="windows"),
    pytest.param(history, position_of_history, id="signals"),
]


@pytest.mark.parametrize(("value", "position_of"), TABLES)
def test_the_higher_offset_is_newer_and_the_same_one_is_taken_again(value: Any, position_of: Any) -> None:
    assert is_newer(position_of(value(8)), than=position_of(value(7)))
    assert is_newer(position_of(value(7)), than=position_of(value(7)))
    assert not is_newer(position_of(value(7)), than=position_of(value(8)))


def test_of_one_bar_the_later_record_is_newer() -> None:
    first, second = position_of_history(history(7, 1)), position_of_history(history(7, 2))
    assert is_newer(second, than=first)
    assert not is_newer(first, than=second)


@pytest.mark.parametrize(("value", "position_of"), TABLES)
def test_a_value_from_a_new_topic_of_that_name_is_newer_whatever_its_offset(value: Any, position_of: Any) -> None:
    assert is_newer(position_of(value(0, topic_id="new")), than=position_of(value(900)))


@pytest.fixture(params=["windows", "signals"])
def table(imported: Program, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A table whose values are those of its `stored`."""
    table = getattr(imported, request.param)
    table.make = {"windows": window, "signals": history}[request.param]
    table.stored = {}
    monkeypatch.setattr(table, "items", lambda partition: table.stored.items())
    return table


def hold(table: Any) -> None:
    table._check(frozenset({0}))


def test_a_value_of_a_newer_version_is_refused_wherever_it_is(imported: Program, table: Any) -> None:
    right = table.make(7, strategy=imported.app.settings.strategy.name)
    table.stored = {b"run\x00S%d" % number: right for number in range(100)}
    hold(table)
    version = right[0]
    table.stored[KEY] = bytes([version + 1]) + right[1:]
    with pytest.raises(
        UnreadableValue, match=rf"{table.name}, key .*AAPL.*version {version + 1}, .*version {version}\b"
    ):
        hold(table)


def test_a_value_of_another_strategy_is_refused_wherever_it_is(imported: Program, table: Any) -> None:
    right = table.make(7, strategy=imported.app.settings.strategy.name)
    table.stored = {b"run\x00SPY": right, KEY: table.make(7, strategy="another")}
    with pytest.raises(StrategyDiffers, match="AAPL of run run by strategy another"):
        hold(table)


def test_a_value_that_cannot_be_continued_is_refused_before_a_bar_comes_for_it(table: Any, imported: Program) -> None:
    right = table.make(7, strategy=imported.app.settings.strategy.name)
    row = rows.pack(make_bar(0, 100.0), 0, 9)
    table.stored = {KEY: right.removesuffix(row) + row}
    with pytest.raises(UnreadableValue, match=rf"{table.name}, key .*AAPL.* is damaged: "):
        hold(table)
