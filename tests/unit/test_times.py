import pytest

from app.times import from_iso, iso


@pytest.mark.parametrize(
    ("timestamp_ms", "text"),
    [
        (1_731_594_600_000, "2024-11-14T14:30:00Z"),
        (1_731_594_600_001, "2024-11-14T14:30:00.001Z"),
        (0, "1970-01-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (10**18, "1000000000000000000"),
    ],
)
def test_iso(timestamp_ms: int, text: str) -> None:
    assert iso(timestamp_ms) == text


@pytest.mark.parametrize("timestamp_ms", [0, 1_731_594_600_000, 1_731_594_661_234, -1])
def test_what_was_written_is_read(timestamp_ms: int) -> None:
    assert from_iso(iso(timestamp_ms)) == timestamp_ms
