"""Secrets: as files, together, and never shown."""

import traceback
from pathlib import Path

import pytest

from app.settings import SettingsError, load_settings
from tests.unit.settings.loading import faults


def test_credentials_in_the_registrys_address_are_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    found = faults(monkeypatch, SCHEMA_REGISTRY_URL="https://key:hunter2@registry.example")
    assert "set SCHEMA_REGISTRY_API_KEY and SCHEMA_REGISTRY_API_SECRET" in found[0]
    assert "hunter2" not in found[0]


@pytest.mark.parametrize("given", [{}, {"KAFKA_API_KEY": "key"}, {"KAFKA_API_SECRET": "hunter2"}])
def test_sasl_without_its_credentials_is_an_error_that_names_both(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    found = faults(monkeypatch, KAFKA_SECURITY_PROTOCOL="SASL_SSL", **given)
    assert found == ["KAFKA_SECURITY_PROTOCOL=SASL_SSL needs both KAFKA_API_KEY and KAFKA_API_SECRET"]


def test_keys_that_would_not_be_used_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    found = faults(monkeypatch, KAFKA_API_KEY="key", KAFKA_API_SECRET="hunter2")  # noqa: S106
    assert "are not used with KAFKA_SECURITY_PROTOCOL=PLAINTEXT: set it to SASL_SSL" in found[0]


def test_the_registrys_key_and_secret_go_together_and_all_faults_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found = faults(monkeypatch, SCHEMA_REGISTRY_API_KEY="key", SMA_FAST="60")
    assert [fault.partition(" ")[0] for fault in found] == ["SCHEMA_REGISTRY_API_KEY", "SMA_FAST"]


@pytest.mark.parametrize("given", ["APCA_API_KEY_ID", "APCA_API_SECRET_KEY"])
def test_alpacas_keys_go_together(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    found = faults(monkeypatch, **{given: "hunter2"})
    assert found == ["APCA_API_KEY_ID and APCA_API_SECRET_KEY go together: set both or neither"]


def test_alpacas_addresses_are_urls_without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    found = faults(monkeypatch, APCA_API_DATA_URL="data.alpaca.markets", APCA_API_STREAM_URL="wss://me:hunter2@stream")
    assert [found[0].partition("=")[0], found[1].partition(":")[0]] == ["APCA_API_DATA_URL", "APCA_API_STREAM_URL"]
    assert "must be a URL such as" in found[0]
    assert "must not hold credentials" in found[1]
    assert "hunter2" not in found[1]


def test_secrets_never_print(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "".join(["hun", "ter2"])
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    for side in ("KAFKA", "SCHEMA_REGISTRY"):
        monkeypatch.setenv(f"{side}_API_KEY", "key")
        monkeypatch.setenv(f"{side}_API_SECRET", secret)
    found = load_settings()
    assert secret not in f"{found!r} {found} {found.model_dump()} {found.model_dump_json()}"
    monkeypatch.setenv("PARTITIONS", "0")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert secret not in "".join(traceback.format_exception(caught.value))


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    return folder


def test_secrets_may_be_files_and_the_environment_wins(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (secrets / "apca_api_key_id").write_text("PK1\n")
    (secrets / "apca_api_secret_key").write_text("hunter2\n")
    found = load_settings(secrets)
    assert found.apca_api_key_id is not None
    assert found.apca_api_secret_key is not None
    assert (found.apca_api_key_id.get_secret_value(), found.apca_api_secret_key.get_secret_value()) == (
        "PK1",
        "hunter2",
    )
    monkeypatch.setenv("APCA_API_KEY_ID", "PK2")
    again = load_settings(secrets).apca_api_key_id
    assert again is not None
    assert again.get_secret_value() == "PK2"


def test_half_a_pair_of_secrets_is_an_error(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (secrets / "apca_api_key_id").write_text("PK1")
    assert faults(monkeypatch, secrets) == ["APCA_API_KEY_ID and APCA_API_SECRET_KEY go together: set both or neither"]


def test_a_secret_that_is_no_text_is_named_without_its_value(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (secrets / "kafka_api_secret").write_bytes(b"\xff\xfehunter2")
    (found,) = faults(monkeypatch, secrets)
    assert found == f"the secret {secrets}/kafka_api_secret is not UTF-8: save the file as UTF-8"


def test_a_secret_that_cannot_be_read_is_named(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing is at the beginning of a process's memory: reading fails, for root too, who may read any file.
    (secrets / "kafka_api_secret").symlink_to("/proc/self/mem")
    (found,) = faults(monkeypatch, secrets)
    assert found.startswith(f"the secret {secrets}/kafka_api_secret cannot be read (Input/output error)")
