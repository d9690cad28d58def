"""Folders and files that settings name."""

from pathlib import Path

import pytest
import trustme

from app.settings import load_settings
from tests.unit.settings.loading import faults


@pytest.mark.parametrize("name", ["DATA_DIR", "STACK_DIR"])
def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(name, "~/some where")
    assert getattr(load_settings(), name.lower()) == tmp_path / "some where"


def test_a_tilde_is_the_home_folder_of_certificates_and_rules_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    (tmp_path / "mine.py").write_text('REASONS = ("up",)\n\n\ndef decide(bars):\n    return []\n')
    monkeypatch.setenv("KAFKA_CA_FILE", "~/ca.pem")
    monkeypatch.setenv("STRATEGY", "~/mine.py")
    found = load_settings()
    assert found.kafka_ca_file == tmp_path / "ca.pem"
    assert "-mine@" in found.strategy.name


@pytest.mark.parametrize("name", ["DATA_DIR", "STACK_DIR"])
def test_a_name_that_no_folder_can_have_is_an_error(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    value = "long" * 100
    assert faults(monkeypatch, **{name: value}) == [
        f"{name}={value}: cannot be used (File name too long): choose another"
    ]


def test_a_file_without_certificates_is_no_authority(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("mine")
    [said] = faults(monkeypatch, KAFKA_CA_FILE=f"{tmp_path}/ca.pem")
    assert said.startswith(f"KAFKA_CA_FILE={tmp_path}/ca.pem: holds no certificate in PEM form")


def test_the_home_folder_of_nobody_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "DATA_DIR=~nobody-here/data: begins with the home folder of a user that this machine does not know"
    assert faults(monkeypatch, DATA_DIR="~nobody-here/data") == [said]


@pytest.mark.parametrize("name", ["DATA_DIR", "STACK_DIR"])
@pytest.mark.parametrize("below", ["", "/below"])
def test_a_file_where_a_folder_should_be_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, below: str
) -> None:
    (folder / "mine").write_text("")
    value = f"{folder}/mine{below}"
    said = f"{name}={value}: is no folder, for {folder}/mine is a file: choose another, or move that file away"
    assert faults(monkeypatch, **{name: value}) == [said]
    assert (folder / "mine").is_file()


@pytest.mark.parametrize("name", ["DATA_DIR", "STACK_DIR"])
@pytest.mark.parametrize("target", ["gone", "link"])
def test_a_link_that_leads_nowhere_is_no_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, target: str
) -> None:
    (folder / "link").symlink_to(folder / target)
    [said] = faults(monkeypatch, **{name: f"{folder}/link/below"})
    assert said.startswith(f"{name}={folder}/link/below: is no folder, for {folder}/link is a link that leads nowhere")
