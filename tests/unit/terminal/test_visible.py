import pytest

from app.terminal.visible import visible, visible_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("AAPL", "AAPL"),
        ("Zürich → 株", "Zürich → 株"),
        ("\x1b]0;owned\x07", r"\x1b]0;owned\x07"),
        ("\x1b[2J", r"\x1b[2J"),
        ("one\ntwo\tthree\r", r"one\ntwo\tthree\r"),
        ("\x9b31m\x7f", r"\x9b31m\x7f"),
        ("abc\u202edcba", r"abc\u202edcba"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_would_move_a_cursor_is_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_every_control_character_is_one() -> None:
    controls = [chr(number) for number in (*range(32), *range(127, 160))]
    assert all(visible(each).isprintable() for each in controls)


def test_lines_stay_lines() -> None:
    assert visible_lines("one\n\ttwo \x1b[2J") == "one\n        two \\x1b[2J"
