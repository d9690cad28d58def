"""What is looked at, and what is left out where something before it is broken."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.avro.registry import RegistryUnavailable
from app.doctor import Finding, examine
from app.kafka.broker import BrokerUnavailable
from tests.unit.doctor.memory_registry import MemoryRegistry


def found(
    monkeypatch: pytest.MonkeyPatch, folder: Path, dotenv: str, *clients: Callable[..., Any]
) -> dict[str, list[Finding]]:
    """The findings by check, in a folder with this .env."""
    monkeypatch.chdir(folder)
    (folder / ".env").write_text(dotenv)

    async def collect() -> dict[str, list[Finding]]:
        findings: dict[str, list[Finding]] = {}
        async for finding in examine(*clients):
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


CLUSTER = "API_PORT=1\nPRODUCER_PORT=1\nKAFKA_BOOTSTRAP=a:9092\nSCHEMA_REGISTRY_URL=http://b\nTOPIC_PREFIX=dips.\n"


def away(*_: object) -> Any:
    raise BrokerUnavailable("No broker answers at a:9092: check that it runs")


def test_a_broker_that_is_away_leaves_the_registry_to_be_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    findings = found(monkeypatch, tmp_path, CLUSTER, away, lambda _: MemoryRegistry())
    assert findings["broker"] == [
        Finding("broken", "broker", "No broker answers at a:9092", "check that it runs"),
    ]
    assert not {"topics", "workers", "transactions", "dead letters"} & findings.keys()
    assert [finding.level for finding in findings["schemas"]] == ["ok", "ok"]
    assert {"worker", "producer", "alpaca"} <= findings.keys()


def test_so_does_a_registry_that_is_away_leave_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = MemoryRegistry()
    registry.fault = RegistryUnavailable("No registry answers at http://b: check SCHEMA_REGISTRY_URL")
    findings = found(monkeypatch, tmp_path, CLUSTER, away, lambda _: registry)
    assert findings["registry"] == [
        Finding("broken", "registry", "No registry answers at http://b", "check SCHEMA_REGISTRY_URL")
    ]
    assert "schemas" not in findings
    assert {"worker", "producer", "alpaca"} <= findings.keys()
