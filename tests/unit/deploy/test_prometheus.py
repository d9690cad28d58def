"""Rules and configuration, as far as they can be judged without Prometheus; test_promtool.py has the rest."""

from typing import Any

import pytest
import yaml
from prometheus_client import generate_latest

from app import metrics
from app.settings import Settings
from tests.watching.metrics_page import PAGE, declared_labels, page
from tests.watching.queries import PROMETHEUS, RULES, Query, exported, recorded, rule_queries, rules, unknown, used

CONFIGURATIONS = {name: yaml.safe_load((PROMETHEUS / name).read_text()) for name in ("prometheus.yml", "compose.yml")}
TESTS = yaml.safe_load((PROMETHEUS / "rules_test.yml").read_text())["tests"]


def alert_tests() -> list[dict[str, Any]]:
    return [each for test in TESTS for each in test.get("alert_rule_test", [])]


@pytest.mark.parametrize(
    ("expr", "names", "grouped"),
    [
        ('sum by (job) (rate(a_total{x="1", y=~"{2}"}[5m])) > 3', {"a_total": {"x", "y"}}, {"job"}),
        ("a and on (b, c) time() - d < 600", {"a": set(), "d": set()}, {"b", "c"}),
        ('up{job="j"} == 0 or absent(up{kind!="k"})', {"up": {"job", "kind"}}, set()),
        ("histogram_quantile(0.99, sum without (le) (a:b:c offset 1h))", {"a:b:c": set()}, {"le"}),
    ],
)
def test_what_an_expression_names(expr: str, names: dict[str, set[str]], grouped: set[str]) -> None:
    found = used(expr)
    assert dict(found.metrics) == names
    assert found.grouped == grouped


def test_a_misspelt_metric_or_label_is_found() -> None:
    series = {"stocks_bars_total": {"outcome"}}
    wrong = unknown(
        [
            Query("name", "rate(stocks_bar_total[5m])"),
            Query("label", 'stocks_bars_total{reason="stale"}'),
            Query("group", "sum by (topic) (stocks_bars_total)"),
            Query("none", "1 + 1"),
            Query("good", 'sum by (job, outcome) (stocks_bars_total{instance="a", outcome="stale"})'),
        ],
        series,
    )
    assert wrong == [
        "name: there is no metric stocks_bar_total",
        "label: stocks_bars_total has no label reason",
        "group: none of its metrics has the label topic",
        "none: 1 + 1 names no metric",
    ]


def test_rules_name_what_a_worker_exports() -> None:
    series = exported(generate_latest(metrics.registry).decode(), declared_labels())
    assert unknown(rule_queries(), series) == []


def test_a_recorded_series_is_grouped_by_the_labels_of_its_name() -> None:
    wrong = {name for name, labels in recorded().items() if used(_expr(name)).grouped - {"le"} != labels}
    assert wrong == set()


def _expr(record: str) -> str:
    return str(next(rule["expr"] for rule in rules("record") if rule["record"] == record))


def test_each_alert_is_seen_to_fire_and_not_to_fire() -> None:
    names = {rule["alert"] for rule in rules("alert")}
    assert {each["alertname"] for each in alert_tests() if each.get("exp_alerts")} == names
    assert {each["alertname"] for each in alert_tests() if not each.get("exp_alerts")} == names


def test_each_alert_says_how_bad_it_is_and_what_to_do() -> None:
    for rule in rules("alert"):
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert set(rule["annotations"]) == {"summary", "description"}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_both_configurations_watch_the_same(name: str) -> None:
    configuration = CONFIGURATIONS[name]
    [job] = configuration.pop("scrape_configs")
    assert job["job_name"] == "stock-signals", "alerts name it"
    assert configuration == {
        "global": {"scrape_interval": "15s", "evaluation_interval": "15s"},
        "rule_files": [RULES.name],
    }


def test_targets_are_where_workers_listen() -> None:
    host, port = Settings.model_fields["api_host"].default, Settings.model_fields["api_port"].default
    [local] = yaml.safe_load((PROMETHEUS / "targets" / "local.yml").read_text())
    assert local["targets"] == [f"{host}:{port}"]
    compose = yaml.safe_load((PROMETHEUS / "compose.yml").read_text())
    assert compose["scrape_configs"][0]["dns_sd_configs"][0]["port"] == port


def test_the_page_of_metrics_is_made_from_the_code() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.watching.metrics_page"
