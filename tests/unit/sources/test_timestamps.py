import pytest

from app.sources.timestamps import parse_timestamp

MOMENT = 1_731_594_600_000  # 2024-11-14T14:30:00Z


@pytest.mark.parametrize(
    "text",
    [
        "2024-11-14T14:30:00Z",
        "2024-11-14T14:30:00.000+00:00",
        "2024-11-14T09:30:00-05:00",
        "2024-11-14 09:30-05:00",
        "2024-11-14T14:30:00",
        "2024-11-14 14:30",
        "20241114T143000Z",
        "1731594600000",
        "1731594600",
    ],
)
def test_every_way_to_write_a_moment(text: str) -> None:
    assert parse_timestamp(text) == MOMENT


def test_seconds_and_milliseconds_cannot_be_confused_from_1990_to_2100() -> None:
    for second in (631_152_000, 4_102_444_800):
        assert parse_timestamp(str(second)) == parse_timestamp(str(second * 1000)) == second * 1000


def test_milliseconds_are_kept() -> None:
    assert parse_timestamp("2024-11-14T14:30:00.123Z") == MOMENT + 123


@pytest.mark.parametrize("text", ["", "soon", "14.11.2024 14:30", "2024-13-01", "-1731594600", "1.7e9", "١٧٣١٥٩٤٦٠٠"])
def test_anything_else_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="neither ISO-8601"):
        parse_timestamp(text)


def test_a_long_text_is_none_and_is_not_kept() -> None:
    with pytest.raises(ValueError, match="timestamp is '9999") as refused:
        parse_timestamp("9" * 5000)
    assert len(str(refused.value)) < 200
