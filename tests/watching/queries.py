"""The PromQL of rules and dashboards, and what of it a worker exports."""

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from prometheus_client.parser import text_string_to_metric_families

DEPLOY = Path(__file__).parents[2] / "deploy"
PROMETHEUS, GRAFANA = DEPLOY / "prometheus", DEPLOY / "grafana"
RULES = PROMETHEUS / "rules.yml"

#: What Grafana puts in the place of its variables.
_VARIABLES = {"$__rate_interval": "5m", "$job": "stock-signals", "$instance": ".+"}

_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\s*(\{[^}]*\}|\(|)")
_MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*")
_STRING = re.compile(r'"[^"]*"')
_KEYWORDS = frozenset({"and", "or", "unless", "offset", "bool"})

#: What Prometheus itself puts on each series that it scrapes.
TARGET_LABELS = frozenset({"job", "instance"})


class Query(NamedTuple):
    """One expression, and where it stands."""

    where: str
    expr: str


class Used(NamedTuple):
    """What an expression names: each metric with the labels of its selector, and the labels that it groups by."""

    metrics: Mapping[str, frozenset[str]]
    grouped: frozenset[str]


def dashboards() -> dict[str, dict[str, Any]]:
    """Each dashboard by its file's name."""
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(GRAFANA.rglob("*.json"))}


def rule_groups() -> list[dict[str, Any]]:
    """The groups of rules.yml."""
    groups: list[dict[str, Any]] = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return groups


def rules(kind: str) -> list[dict[str, Any]]:
    """All rules that `record`, or all that `alert`."""
    return [rule for group in rule_groups() for rule in group["rules"] if kind in rule]


def dashboard_queries() -> list[Query]:
    """Those of every panel and annotation, with Grafana's variables filled in."""
    found = []
    for name, dashboard in dashboards().items():
        for panel in dashboard["panels"]:
            found += [Query(f"{name}: {panel['title']}", target["expr"]) for target in panel.get("targets", [])]
        found += [Query(f"{name}: {each['name']}", each["expr"]) for each in dashboard["annotations"]["list"]]
    return [Query(where, filled(expr)) for where, expr in found]


def rule_queries() -> list[Query]:
    """Those of every rule."""
    return [
        Query(rule.get("record") or rule["alert"], rule["expr"]) for kind in ("record", "alert") for rule in rules(kind)
    ]


def filled(expr: str) -> str:
    """The expression without Grafana's variables."""
    for name, value in _VARIABLES.items():
        expr = expr.replace(name, value)
    return expr


def used(expr: str) -> Used:
    """What a PromQL expression names."""
    grouped = {label.strip() for found in _GROUPING.findall(expr) for label in found.split(",")} - {""}
    metrics: dict[str, frozenset[str]] = {}
    for name, rest in _SELECTOR.findall(re.sub(r"\[[^]]*\]|\b\d\w*", "", _GROUPING.sub("", expr))):
        if rest != "(" and name not in _KEYWORDS:
            labels = frozenset(_MATCHER.findall(_STRING.sub("", rest)))
            metrics[name] = metrics.get(name, frozenset()) | labels
    return Used(metrics, frozenset(grouped))


def exported(text: str, declared: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    """The labels of each series in the text of GET /metrics; those that have no sample now are as `declared`."""
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        if not family.samples:
            name = f"{family.name}_total" if family.type == "counter" else family.name
            found[name] = set(declared.get(name, ()))
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return {name: frozenset(labels) for name, labels in found.items()}


@lru_cache(maxsize=1)
def recorded() -> dict[str, frozenset[str]]:
    """The labels of each recorded series: its name begins with them, as in `job_outcome:stocks_bars:rate2m`."""
    return {rule["record"]: frozenset(rule["record"].split(":")[0].split("_")) for rule in rules("record")}


def unknown(queries: Iterable[Query], series: Mapping[str, Iterable[str]]) -> list[str]:
    """Sentences: which queries name a metric or a label that neither a worker exports nor a rule records."""
    known = {name: TARGET_LABELS | set(labels) for name, labels in series.items()}
    known |= {"up": TARGET_LABELS} | recorded()
    wrong = []
    for where, expr in queries:
        found = used(expr)
        if not found.metrics:
            wrong.append(f"{where}: {expr} names no metric")
        for name, labels in found.metrics.items():
            if name not in known:
                wrong.append(f"{where}: there is no metric {name}")
            elif missing := labels - known[name]:
                wrong.append(f"{where}: {name} has no label {', '.join(sorted(missing))}")
        have = set().union(*(known.get(name, ()) for name in found.metrics))
        if missing := found.grouped - have:
            wrong.append(f"{where}: none of its metrics has the label {', '.join(sorted(missing))}")
    return wrong
