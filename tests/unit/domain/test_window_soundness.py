import struct
from math import nan
from typing import Any

import pytest

from app.domain import rows
from app.domain.records import Position
from app.domain.starts import Start
from app.domain.window import Window
from app.domain.window_soundness import window_fault
from tests.bars import OPENING_MS, TOPIC_ID, make_bar
from tests.unit.tables.test_window_value import golden_window, window_of

SOUND = window_of(30)._replace(gains=(1.0,), losses=(1.0,))


def row(close: float = 100.0, minute: int = 99, label: int = 0, **changes: Any) -> bytes:
    return rows.pack(make_bar(minute, close, **changes), 0, label)


@pytest.mark.parametrize("window", [*map(window_of, (1, 11, 60, 300)), golden_window()])
def test_what_the_fold_makes_is_sound(window: Window) -> None:
    assert window_fault(window) is None


def test_what_a_rebuild_leaves_is_sound() -> None:
    blank = Window("strategy/1", position=Position("", 0, -1))
    assert window_fault(blank) is None
    assert "position" in str(window_fault(blank._replace(position=Position("", 0, -2))))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"rows": b""}, "0 bars"),
        ({"bars_seen": 0}, "30 bars of 0 seen"),
        ({"bars_seen": 29}, "30 bars of 29 seen"),
        ({"gains": (1.0,) * 32, "losses": (1.0,) * 32}, "average"),
        ({"gains": (nan,), "losses": (1.0,)}, "average"),
        ({"gains": (-1.0,), "losses": (1.0,)}, "average"),
        ({"position": Position(TOPIC_ID, 0, -1)}, "position"),
        ({"rows": row() + row()}, "stands behind"),
        ({"rows": row(minute=5) + row(minute=4)}, "stands behind"),
        ({"rows": row(nan)}, "price that is none"),
        ({"rows": row(1e300)}, "price that is none"),
        ({"rows": row(volume=-1.0)}, "volume -1.0"),
        ({"rows": row(vwap=-1.0)}, "vwap -1.0"),
        ({"rows": row(label=1)}, "label 1 of 1"),
        ({"rows": struct.pack("<I", 0) + row()[4:]}, "timestamp is 0"),
        ({"starts": (Start(30, OPENING_MS, 96.2, 24.1),)}, "split before bar 30 of 30"),
        ({"starts": (Start(3, OPENING_MS, 96.2, 24.1),) * 2}, "after one before bar 3"),
        ({"starts": (Start(3, OPENING_MS, nan, 24.1),)}, "price that is none"),
        ({"starts": (Start(3, 7, 96.2, 24.1),)}, "timestamp is 7"),
    ],
)
def test_damage_is_named(changes: dict[str, Any], says: str) -> None:
    assert says in str(window_fault(SOUND._replace(**changes)))
