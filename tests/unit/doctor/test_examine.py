"""What is looked at, and what is left out where something before it is broken."""

import asyncio
from pathlib import Path

import pytest

from app.doctor import Finding, examine


def found(monkeypatch: pytest.MonkeyPatch, folder: Path, dotenv: str) -> dict[str, list[Finding]]:
    """The findings by check, in a folder with this .env."""
    monkeypatch.chdir(folder)
    (folder / ".env").write_text(dotenv)

    async def collect() -> dict[str, list[Finding]]:
        findings: dict[str, list[Finding]] = {}
        async for finding in examine():
            findings.setdefault(finding.check, []).append(finding)
        return findings

    return asyncio.run(collect())


def test_bad_settings_are_named_one_by_one_and_end_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    findings = found(monkeypatch, tmp_path, "PARTITION=3\nAPI_PORT=no\n")
    assert list(findings) == ["python", "java", "dependencies", "settings"]
    assert [finding.level for finding in findings["settings"]] == ["broken", "broken"]
    assert {finding.fix for finding in findings["settings"]} == {"see .env.example"}
    said = " ".join(finding.message for finding in findings["settings"])
    assert "API_PORT=no" in said
    assert "did you mean PARTITIONS?" in said


def test_without_a_cluster_what_needs_none_is_still_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    findings = found(monkeypatch, tmp_path, "API_PORT=1\nPRODUCER_PORT=1\n")
    assert [finding.level for finding in findings["settings"]] == ["ok"]
    [cluster] = findings["cluster"]
    assert cluster.level == "broken"
    assert "make stack-up" in cluster.fix
    assert not {"broker", "topics", "registry", "workers"} & findings.keys()
    assert {"data folder", "access", "worker", "producer", "alpaca"} <= findings.keys()
