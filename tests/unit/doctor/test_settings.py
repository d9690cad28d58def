"""`stocks doctor --settings` says what is wrong with the settings, and connects to nothing."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import main


def doctor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **settings: str) -> Result:
    """With nothing but these settings, on a cluster that is not there."""
    monkeypatch.chdir(tmp_path)
    environment = {"KAFKA_BOOTSTRAP": "127.0.0.1:1", "SCHEMA_REGISTRY_URL": "http://127.0.0.1:1"} | settings
    return CliRunner().invoke(main, ["doctor", "--settings"], env=environment)


def test_good_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = doctor(tmp_path, monkeypatch)
    assert done.exit_code == 0
    assert [line.split()[:2] for line in done.output.splitlines()] == [["✓", "settings"], ["✓", "access"]]


def test_each_bad_one_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = doctor(tmp_path, monkeypatch, PARTITIONS="0", SMA_FAST="many")
    assert done.exit_code == 1
    lines = [line for line in done.output.splitlines() if line.startswith("✗ settings")]
    assert len(lines) == 2
    assert any("PARTITIONS" in line for line in lines)
    assert any("SMA_FAST" in line for line in lines)


def test_an_api_that_others_reach_without_a_decision_is_bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = doctor(tmp_path, monkeypatch, API_HOST="0.0.0.0")  # noqa: S104 - refused
    assert done.exit_code == 1
    assert "✗ access" in done.output
    assert "set API_TOKEN" in done.output


def test_a_rule_that_does_what_no_rule_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken.py").write_text("raise RuntimeError('oh')\n")
    done = doctor(tmp_path, monkeypatch, STRATEGY="broken.py")
    assert done.exit_code == 1
    assert "✗ settings" in done.output
    assert "STRATEGY" in done.output
