"""Which of two values of a table is kept when both are in its changelog."""

from typing import Any

import pytest

from app.domain.history import History, SourcePosition
from app.domain.records import Position
from app.domain.window import Window
from tables.signals_value import encode_history
from tables.window_value import encode_window
from tests.unit.agents.conftest import TOPIC_ID, Program


def window(offset: int, topic_id: str = TOPIC_ID) -> bytes:
    return encode_window(Window("s", 1, Position(topic_id, 0, offset), (), (0.0,), (0.0,), b""))


def history(offset: int, index: int = 0, topic_id: str = TOPIC_ID) -> bytes:
    return encode_history(History("s", SourcePosition(topic_id, 0, offset, index), (), b""))


@pytest.mark.parametrize(("table", "value"), [("windows", window), ("signals", history)])
def test_the_higher_offset_is_newer_and_the_same_one_is_taken_again(imported: Program, table: str, value: Any) -> None:
    is_newer = getattr(imported, table).is_newer
    assert is_newer(value(8), than=value(7))
    assert is_newer(value(7), than=value(7))
    assert not is_newer(value(7), than=value(8))


def test_of_one_bar_the_later_record_is_newer(imported: Program) -> None:
    assert imported.signals.is_newer(history(7, 2), than=history(7, 1))
    assert not imported.signals.is_newer(history(7, 1), than=history(7, 2))


@pytest.mark.parametrize(("table", "value"), [("windows", window), ("signals", history)])
def test_a_value_from_a_new_topic_of_that_name_is_newer_whatever_its_offset(
    imported: Program, table: str, value: Any
) -> None:
    assert getattr(imported, table).is_newer(value(0, topic_id="new"), than=value(900))
