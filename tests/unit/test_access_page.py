"""docs/access.md says what is so: settings, limits, what is open."""

import re
from pathlib import Path

from app.asgi.limits import MOST_BODY, MOST_HEADER_LINES, MOST_HEADERS, MOST_URL
from app.asgi.protocol import SECONDS
from app.settings import Settings, setting_fields
from app.settings.api_settings import SHORTEST_TOKEN
from web.access.gate import OPEN
from web.access.token import LOGIN_SECONDS
from web.stream.response import SEND_SECONDS

PAGE = (Path(__file__).parents[2] / "docs" / "access.md").read_text(encoding="utf-8")


def test_settings_that_it_names_are_there() -> None:
    named = set(re.findall(r"\bAPI_[A-Z_]+", PAGE))
    assert named == {name.upper() for name in setting_fields() if name.startswith("api_") and name != "api_port"}


def test_limits() -> None:
    most = Settings.model_fields["api_max_connections"].default
    for line in (
        f"| path and query | {MOST_URL // 1024} KiB | `414` |",
        f"| headers | {MOST_HEADERS // 1024} KiB, {MOST_HEADER_LINES} lines | `431` |",
        f"| body | {MOST_BODY // 1024} KiB, with its length | `413`, `411` |",
        f"| time until a request is complete | {SECONDS:.0f} s | the connection ends |",
        f"| {SECONDS:.0f} s ({SEND_SECONDS:.0f} s on `/stream`) | the connection ends |",
        f"| connections | `API_MAX_CONNECTIONS` ({most:,}) |",
        f"At least {SHORTEST_TOKEN} characters",
    ):
        assert line in PAGE, line
    assert LOGIN_SECONDS == 7 * 24 * 60 * 60
    assert "a cookie for a week" in PAGE


def test_what_is_open() -> None:
    for path in OPEN:
        assert path.startswith("/static/") or f"`{path}`" in PAGE
