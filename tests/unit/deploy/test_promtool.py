"""Rules, configurations and queries, judged by Prometheus' own tool. Left out where there is none; in CI it must be."""

import shutil
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from app import metrics
from tests.watching.promtool import MISSING, find_promtool, parsed, promtool
from tests.watching.queries import PROMETHEUS, Query, dashboard_queries, rule_queries


@pytest.fixture(autouse=True)
def _tool() -> None:
    if find_promtool() is None:
        pytest.fail(f"CI is set, but {MISSING}")


def test_each_alert_fires_when_it_must_and_only_then() -> None:
    status, said = promtool("test", "rules", str(PROMETHEUS / "rules_test.yml"))
    assert status == 0, said


@pytest.mark.parametrize("name", ["prometheus.yml", "compose.yml"])
def test_the_configurations_are_good(tmp_path: Path, name: str) -> None:
    # promtool wants the file with the token, which is in the container only.
    token = tmp_path / "api-token"
    token.touch()
    folder = Path(shutil.copytree(PROMETHEUS, tmp_path / "prometheus"))
    text = (folder / name).read_text(encoding="utf-8")
    (folder / name).write_text(text.replace("/tmp/api-token", str(token)), encoding="utf-8")  # noqa: S108
    status, said = promtool("check", "config", str(folder / name))
    assert status == 0, said
    assert "rules found" in said


def test_every_query_is_promql(tmp_path: Path) -> None:
    status, said = parsed([*rule_queries(), *dashboard_queries()], tmp_path)
    assert status == 0, said
    status, said = parsed([Query("broken", "sum by (job) (stocks_bars_total")], tmp_path)
    assert status != 0, "promtool does not see a broken query"


def test_names_follow_the_conventions() -> None:
    status, said = promtool("check", "metrics", text=generate_latest(metrics.registry).decode())
    assert (status, said) == (0, "")
