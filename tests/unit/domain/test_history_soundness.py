from typing import Any

import pytest

from app.domain import history_rows as rows
from app.domain.history import History, SourcePosition
from app.domain.history_soundness import history_fault
from tests.unit.records import SIGNAL
from tests.unit.tables.test_signals_value import golden_history, history_of

SOUND = history_of(3)


def row(label: int = 0, **changes: Any) -> bytes:
    return rows.pack({**SIGNAL, **changes}, label)  # type: ignore[typeddict-item]


def coded(at: int, code: int) -> bytes:
    right = row()
    return right[:at] + bytes([code]) + right[at + 1 :]


@pytest.mark.parametrize("history", [*map(history_of, (1, 50, 300)), golden_history()])
def test_what_the_fold_makes_is_sound(history: History) -> None:
    assert history_fault(history) is None


def test_what_a_rebuild_leaves_is_sound() -> None:
    assert history_fault(History("strategy/1", SourcePosition("", 0, -1, 0))) is None
    assert "position" in str(history_fault(History("strategy/1", SourcePosition("", 0, -2, 0))))


@pytest.mark.parametrize(
    "packed",
    [
        row() + row(),
        row(close=0.0),
        row(sma_20=-1.0),
        row(sma_50=float("inf")),
        row(rsi_14=-0.5),
        row(gap_minutes=-2),
        row(label=1),
        row(timestamp=0),
        row(emitted_at=2**60),
    ],
)
def test_damage_is_told_with_the_row(packed: bytes) -> None:
    assert "cannot be: (" in str(history_fault(SOUND._replace(rows=packed)))


@pytest.mark.parametrize(
    ("at", "code", "says"),
    [(48, 3, "action has the code 3"), (49, 7, "previous action"), (50, 6, "reason"), (51, 2, "ready")],
)
def test_a_code_of_no_version_is_named(at: int, code: int, says: str) -> None:
    assert says in str(history_fault(SOUND._replace(rows=coded(at, code))))


def test_a_position_that_kafka_has_not_is_damage() -> None:
    position = SOUND.position
    assert position is not None
    assert "position" in str(history_fault(SOUND._replace(position=position._replace(offset=-1))))
