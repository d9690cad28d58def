import numpy as np
import pytest

from app.domain.row import ROW, are_codes_known, row_of, stacked
from tests.unit.records import ROW as ORDINARY
from tests.unit.tables.encoding import packed


def test_a_row_takes_129_bytes() -> None:
    assert ROW.itemsize == 129


def test_python_values_of_a_row() -> None:
    assert row_of(packed([ORDINARY])[0], ORDINARY.strategy, ORDINARY.provenance) == ORDINARY
    assert ORDINARY.split is None


def test_what_a_bar_does_not_have_is_none() -> None:
    bare = ORDINARY._replace(vwap=None, trade_count=None, previous_action=None, gap_minutes=None, split_close=756.0)
    row = row_of(packed([bare])[0], bare.strategy, bare.provenance)
    assert row == bare
    assert row.split == {"previous_close": 756.0, "open": 189.0}


@pytest.mark.parametrize(
    ("field", "known", "unknown"),
    [("action", [0, 2], [3, 255]), ("previous_action", [0, 2, 255], [3, 254]), ("reason", [0, 5], [6, 255])],
)
def test_codes_that_stand_for_nothing_are_found(field: str, known: list[int], unknown: list[int]) -> None:
    rows = np.repeat(packed([ORDINARY]), len(known) + len(unknown))
    rows[field] = known + unknown
    assert are_codes_known(rows).tolist() == [True] * len(known) + [False] * len(unknown)


@pytest.mark.parametrize("counts", [(), (0,), (2,), (1, 0, 3)])
@pytest.mark.parametrize("layout", [ROW, np.dtype([*ROW.descr, ("mine", "<f8")])])
def test_rows_are_stacked_as_numpy_does(counts: tuple[int, ...], layout: np.dtype[np.void]) -> None:
    chance = np.random.default_rng(1)
    parts = [np.frombuffer(chance.bytes(count * layout.itemsize), layout) for count in counts]
    found = stacked(parts, layout)
    assert found.dtype == layout
    assert found.tobytes() == np.concatenate([np.empty(0, layout), *parts]).tobytes()
    found["close"] = 1.0  # What comes out can be written to.
