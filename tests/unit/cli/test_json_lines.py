import json
import math

import pytest

from app.cli.json_lines import json_line


def test_times_are_iso_and_names_stay() -> None:
    assert json_line({"timestamp": 1_731_594_600_000, "emitted_at": 1, "volume": 1.5, "vwap": None}) == (
        '{"timestamp": "2024-11-14T14:30:00Z", "emitted_at": "1970-01-01T00:00:00.001Z", "volume": 1.5, "vwap": null}'
    )


@pytest.mark.parametrize(("value", "text"), [(math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf")])
def test_a_line_is_json_whatever_the_numbers(value: float, text: str) -> None:
    assert json.loads(json_line({"close": value}), parse_constant=pytest.fail) == {"close": text}


def test_what_would_move_a_cursor_is_written_as_json_escapes() -> None:
    hostile = "\x1b]0;owned\x07\x7f\x9b2J\u202e 株 \U000e0001"
    line = json_line({"symbol": hostile})
    assert line.isprintable()
    assert "株" in line
    assert json.loads(line) == {"symbol": hostile}
