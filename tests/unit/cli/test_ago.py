import pytest

from app.cli.ago import moment

NOW = 1_731_598_200_000  # 2024-11-14T15:30:00Z


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("90m", "2024-11-14T14:00:00Z"),
        ("1h", "2024-11-14T14:30:00Z"),
        ("2d", "2024-11-12T15:30:00Z"),
        ("0m", "2024-11-14T15:30:00Z"),
        ("999999d", "1970-01-01T00:00:00Z"),
    ],
)
def test_so_long_ago(text: str, time: str) -> None:
    assert moment(text, lambda: NOW + 999) == time


@pytest.mark.parametrize("text", [None, "", "2024-11-14T14:30:00Z", "1.5h", "h", "-1h", "yesterday", "9999999d"])
def test_anything_else_is_left_to_the_worker_which_is_not_asked_for_the_time(text: str | None) -> None:
    assert moment(text, lambda: pytest.fail("asked")) == text
