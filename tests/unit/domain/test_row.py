from app.domain import bar_rows
from app.domain.indicator_values import IndicatorValues
from app.domain.row import row_of
from app.domain.update_windows import BarUpdate
from tests.unit.records import BAR, ROW

VALUES = IndicatorValues(189.75, 189.42, 188.97, 27.4, False, 50, 0, None)
UPDATE = BarUpdate(49, bar_rows.pack(BAR, 0, 3), ROW.provenance, 0.11, 0.29, VALUES, None, True)


def test_a_row_is_the_bar_with_what_was_made_of_it() -> None:
    row = row_of(UPDATE, "BUY", "HOLD", "oversold_in_uptrend", ROW.emitted_at, ROW.strategy)
    assert row == ROW
    assert row.split is None


def test_what_a_bar_does_not_have_is_none() -> None:
    bar = bar_rows.pack(BAR | {"vwap": None, "trade_count": None}, 7, 0)
    split = VALUES._replace(split={"previous_close": 756.0, "open": 189.0})
    row = row_of(UPDATE._replace(bar=bar, values=split), "HOLD", None, "split_suspected", 0, "")
    assert (row.vwap, row.trade_count, row.previous_action, row.revision) == (None, None, None, 7)
    assert row.split == {"previous_close": 756.0, "open": 189.0}
