"""Grafana's dashboards and how it finds them; each query is also run by tests of a real worker and of promtool."""

from itertools import combinations
from typing import Any

import pytest
import yaml
from prometheus_client import generate_latest

from app import metrics
from tests.watching.metrics_page import declared_labels
from tests.watching.queries import GRAFANA, dashboard_queries, dashboards, exported, rules, unknown, used

NAMES = list(dashboards())
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


def panels(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = dashboards()[name]["panels"]
    return found


def test_panels_name_what_a_worker_exports() -> None:
    series = exported(generate_latest(metrics.registry).decode(), declared_labels())
    assert unknown(dashboard_queries(), series) == []


def test_every_metric_of_ours_is_shown_or_alerted_on() -> None:
    shown = {name for query in dashboard_queries() for name in used(query.expr).metrics}
    shown |= {name for rule in rules("alert") for name in used(rule["expr"]).metrics}
    stems = {name.rpartition("_")[0] if name.endswith(("_sum", "_count", "_bucket")) else name for name in shown}
    ours = {name for name in declared_labels() if name.startswith("stocks_")}
    assert ours - stems == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_dashboard_is_complete(name: str) -> None:
    dashboard = dashboards()[name]
    assert dashboard["uid"] == f"stock-signals-{name.removesuffix('.json')}"
    assert [each["name"] for each in dashboard["templating"]["list"]] == ["datasource", "job", "instance"]
    identities = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(identities)) == len(identities)
    titles = [panel["title"] for panel in dashboard["panels"]]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("name", NAMES)
def test_every_panel_asks_the_chosen_prometheus_about_the_chosen_deployment(name: str) -> None:
    for panel in panels(name):
        for target in panel.get("targets", []):
            assert (panel["datasource"], target["datasource"]) == (DATASOURCE, DATASOURCE)
            assert target["expr"].count('job="$job"') == target["expr"].count("{"), panel["title"]
            assert "unit" in panel["fieldConfig"]["defaults"]


@pytest.mark.parametrize("name", NAMES)
def test_no_panel_lies_on_another(name: str) -> None:
    places = [(panel["title"], panel["gridPos"]) for panel in panels(name)]
    assert all(at["x"] >= 0 and at["x"] + at["w"] <= 24 for _, at in places)
    over = [
        (one, other)
        for (one, a), (other, b) in combinations(places, 2)
        if a["x"] < b["x"] + b["w"]
        and b["x"] < a["x"] + a["w"]
        and a["y"] < b["y"] + b["h"]
        and b["y"] < a["y"] + a["h"]
    ]
    assert over == []


def test_what_is_asked_for_is_there() -> None:
    titles = {panel["title"] for panel in panels("product.json") if panel["type"] == "row"}
    assert {"Bars and signals", "Freshness", "Dead letters"} <= titles
    titles = {panel["title"] for panel in panels("engine.json") if panel["type"] == "row"}
    assert {"Batches", "Transactions", "Lag and partitions", "Memory and processor"} <= titles


def test_grafana_is_told_where_prometheus_and_dashboards_are() -> None:
    [source] = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text())["datasources"]
    scraped = yaml.safe_load((GRAFANA.parent / "prometheus/prometheus.yml").read_text())["global"]["scrape_interval"]
    assert (source["type"], source["jsonData"]["timeInterval"]) == ("prometheus", scraped)
    [provider] = yaml.safe_load((GRAFANA / "provisioning/dashboards/stock-signals.yml").read_text())["providers"]
    assert (provider["type"], provider["options"]["path"]) == ("file", "/var/lib/grafana/dashboards")
