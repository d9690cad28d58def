"""What the settings of the API may be; a token is never shown."""

import traceback
from pathlib import Path

import pytest

from app.settings import Settings, SettingsError, load_settings


@pytest.fixture(autouse=True)
def _no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize("token", ["short-and-secret", "a" * 5000, "~!#$%&'()*+,-./:"])
def test_a_token_is_signs_without_spaces(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setenv("API_TOKEN", token)
    found = load_settings()
    assert found.api_token is not None
    assert found.api_token.get_secret_value() == token
    assert token not in f"{found!r} {found} {found.model_dump()} {found.model_dump_json()}"


@pytest.mark.parametrize(
    "token", ["hunter2", "hunter2 and more words", "hunter2-öäü-0123456789", "hunter2\n0123456789"]
)
def test_another_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setenv("API_TOKEN", token)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    [fault] = caught.value.faults
    assert fault.startswith("API_TOKEN: must be at least 16 letters, digits and signs without spaces; make one with")
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_HOSTS", "signals.example, trader-7,10.0.0.7,[2001:db8::7]"),
        ("API_CORS_ORIGINS", "https://charts.example,http://localhost:3000, http://[::1]:3000"),
    ],
)
def test_lists_with_commas(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    assert getattr(load_settings(), name.lower()) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_HOSTS", "signals.example:8001"),
        ("API_HOSTS", "http://signals.example"),
        ("API_HOSTS", "*"),
        ("API_HOSTS", "a b"),
        ("API_CORS_ORIGINS", "*"),
        ("API_CORS_ORIGINS", "charts.example"),
        ("API_CORS_ORIGINS", "https://charts.example/"),
        ("API_CORS_ORIGINS", "https://charts.example:99999"),
        ("API_CORS_ORIGINS", "https://*.example"),
        ("API_CORS_ORIGINS", "null"),
        ("API_CORS_ORIGINS", "file:///x"),
        ("API_CORS_ORIGINS", "https://user@charts.example"),
    ],
)
def test_what_is_none_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    [fault] = caught.value.faults
    assert fault.startswith(f"{name}")
    assert "must be" in fault
