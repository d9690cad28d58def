from typing import Any

import pytest

from app.cli.table_columns import columns, letter_columns, line
from tests.unit.records import BAR, SIGNAL


@pytest.mark.parametrize(("schema", "record"), [("bar", BAR), ("signal", SIGNAL)])
def test_headings_stand_above_their_cells(schema: str, record: Any) -> None:
    shown = columns(schema)
    heading, row = (line(shown, what).plain for what in (None, record))
    assert heading.index("symbol") == row.index("AAPL")
    assert heading.index("origin") == row.index("replay")
    assert heading.index("close") + 5 == row.index("189.75") + 6


@pytest.mark.parametrize(("action", "style"), [("BUY", "bold green"), ("SELL", "bold red"), ("HOLD", "dim")])
def test_actions_have_colours_and_transitions_say_from_what(action: str, style: str) -> None:
    row = line(columns("signal"), {**SIGNAL, "action": action, "previous_action": "HOLD"})
    assert f"HOLD→{action}" in row.plain
    assert style in {str(span.style) for span in row.spans}


def test_synthetic_is_unmistakable() -> None:
    row = line(columns("bar"), {**BAR, "origin": "synthetic"})
    assert "SYNTHETIC" in row.plain


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ({}, "RSI 27.4 < 30 while SMA-20 189.42 > SMA-50 188.97"),
        ({"explanation": ""}, "oversold_in_uptrend"),
        ({"explanation": "", "reason": "own_rule", "own_reason": "breakout"}, "breakout"),
    ],
)
def test_a_signal_has_its_sentence_and_one_of_old_its_reason(says: dict[str, Any], why: str) -> None:
    assert why in line(columns("signal"), {**SIGNAL, **says}).plain


def test_a_letter_of_any_shape_has_a_line() -> None:
    letter = {"time": None, "reason": None, "topic": None, "partition": None, "offset": None, "key": None}
    row = line(letter_columns(), {**letter, "value": b"x" * 100, "exception": None})
    assert "0x78787878" in row.plain
    assert "(100 bytes)" in row.plain


HOSTILE = "\x1b]0;owned\x07\x9b2J\n"


@pytest.mark.parametrize(("schema", "record"), [("bar", BAR), ("signal", SIGNAL)])
def test_no_record_moves_the_cursor(schema: str, record: Any) -> None:
    changed = {"symbol", "run_id", "origin", "strategy", "own_reason", "reason"} & record.keys()
    row = line(columns(schema), {**record, **dict.fromkeys(changed, HOSTILE)})
    assert row.plain.isprintable()


def test_no_letter_moves_the_cursor() -> None:
    texts = dict.fromkeys(("time", "reason", "topic", "key", "exception"), HOSTILE)
    row = line(letter_columns(), {**texts, "partition": 0, "offset": 1, "value": b"x"})
    assert row.plain.isprintable()
