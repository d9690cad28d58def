import pytest

from app.producer.pace import AsFastAsPossible, PerSecond, Realtime, parse_speed


def test_speeds_as_people_write_them() -> None:
    assert parse_speed("max") == AsFastAsPossible()
    assert parse_speed("realtime") == Realtime()
    assert parse_speed("100") == PerSecond(100.0)
    assert parse_speed("0.5") == PerSecond(0.5)


@pytest.mark.parametrize("text", ["", "fast", "0", "-1", "nan", "inf"])
def test_anything_else_is_refused_with_the_choices(text: str) -> None:
    with pytest.raises(ValueError, match="give max, realtime, or bars a second"):
        parse_speed(text)


def test_when_bars_are_due() -> None:
    assert AsFastAsPossible().due_s(10, 0) == 0
    assert [PerSecond(4).due_s(sent, 0) for sent in range(3)] == [0, 0.25, 0.5]
    realtime = Realtime()
    times = [600_000, 600_000, 660_000, 540_000]
    assert [realtime.due_s(sent, time) for sent, time in enumerate(times)] == [0, 0, 60, -60]
