"""With which header this project's own programs ask a worker."""

from pathlib import Path

from app.access.asking import authorization
from tests.unit.kafka.made import make_settings

TOKEN = "0123456789abcdef"  # noqa: S105


def test_the_token_goes_with_what_is_asked(tmp_path: Path) -> None:
    assert authorization(make_settings(tmp_path)) == {}
    assert authorization(make_settings(tmp_path, api_token=TOKEN)) == {"Authorization": f"Bearer {TOKEN}"}
