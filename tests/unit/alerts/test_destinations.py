import base64
from pathlib import Path
from typing import Any

import pytest

from app.alerts.destination import AlertsError
from app.alerts.destinations import open_destinations
from app.settings import Settings

SECRET = base64.b64encode(bytes(range(32))).decode()
SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general"


def settings(**changes: Any) -> Settings:
    return Settings(_env_file=None, **changes)  # type: ignore[call-arg]


def names(**changes: Any) -> list[str]:
    return [each.name for each in open_destinations(settings(**changes))]


def fault(**changes: Any) -> str:
    with pytest.raises(AlertsError) as caught:
        open_destinations(settings(**changes))
    return str(caught.value)


def test_each_has_the_name_of_its_kind_or_its_own() -> None:
    found = names(
        alert_urls=f"json://one json://two?a=b\n Desk={SLACK}",
        alert_webhook_url="https://example.com/x?a=b",
        alert_webhook_secret=SECRET,
    )
    assert found == ["webhook", "json", "json-2", "desk"]


def test_a_file_has_one_a_line(tmp_path: Path) -> None:
    path = tmp_path / "alerts"
    path.write_text(f"# chat\n\n{SLACK}\nother=json://one\n")
    assert names(alert_urls_file=path) == ["slack", "other"]
    path.write_text("json://one\nslack://hunter2\n")
    said = fault(alert_urls_file=path)
    assert "Line 2 of ALERT_URLS_FILE is no address" in said
    assert "hunter2" not in said


def test_all_bad_ones_are_named_by_their_place_and_none_is_shown() -> None:
    said = fault(alert_urls="json://one slack://hunter2 hunter2 name=foo://hunter2 name=hunter2")
    assert [f"Number {number} of ALERT_URLS is no address" in said for number in range(1, 6)] == [False] + [True] * 4
    assert "hunter2" not in said


@pytest.mark.parametrize(
    "urls", ["a=json://one a=json://two", "webhook=json://one", "json-2=json://x json://y json-2=json://z"]
)
def test_a_name_is_there_once(urls: str) -> None:
    assert "which is another one's: write NAME=address" in fault(alert_urls=urls)


def test_without_any_it_says_what_to_set() -> None:
    assert "set ALERT_URLS, ALERT_URLS_FILE, or ALERT_WEBHOOK_URL" in fault()
    assert "set ALERT_URLS, ALERT_URLS_FILE, or ALERT_WEBHOOK_URL" in fault(alert_urls="  ")


@pytest.mark.parametrize(
    ("url", "secret", "expected"),
    [
        ("https://example.com/hunter2", None, "go together"),
        (None, SECRET, "go together"),
        ("example.com/hunter2", SECRET, "ALERT_WEBHOOK_URL must be a URL"),
        ("ftp://example.com/hunter2", SECRET, "ALERT_WEBHOOK_URL must be a URL"),
        ("https://example.com:hunter2/", SECRET, "ALERT_WEBHOOK_URL must be a URL"),
        ("https://example.com/", "hunter2", "ALERT_WEBHOOK_SECRET must be at least 24 random bytes"),
    ],
)
def test_a_webhook_needs_a_url_and_a_secret(url: str | None, secret: str | None, expected: str) -> None:
    said = fault(alert_webhook_url=url, alert_webhook_secret=secret)
    assert expected in said
    assert "hunter2" not in said
    assert SECRET not in said


def test_a_file_that_has_gone_is_named(tmp_path: Path) -> None:
    path = tmp_path / "alerts"
    path.write_text("json://one\n")
    ours = settings(alert_urls_file=path)
    path.unlink()
    with pytest.raises(AlertsError, match=r"ALERT_URLS_FILE=.*alerts cannot be read \(No such file"):
        open_destinations(ours)


def test_settings_do_not_show_them() -> None:
    ours = settings(alert_urls="json://hunter2", alert_webhook_url="https://hunter2", alert_webhook_secret="hunter2")  # noqa: S106
    assert "hunter2" not in f"{ours!r}{ours}{ours.model_dump()}{ours.model_dump_json()}"
