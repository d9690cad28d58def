"""docs/metrics.md, made from the code: `python -m tests.watching.metrics_page` writes it again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from prometheus_client.metrics_core import Metric

from app.metrics import registry
from tests.watching.queries import rules

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
_TEMPLATE = Path(__file__).with_name("metrics.md")

_OURS = "stocks_"
#: Labels whose values are few and named in the code.
_NAMED = frozenset({"outcome", "action", "reason", "kind"})
_ORIGIN = "live, backfill, replay, synthetic"


class Described(NamedTuple):
    """A metric as the code declares it."""

    name: str
    kind: str
    labels: tuple[str, ...]
    text: str
    values: dict[str, list[str]]


def described() -> Iterator[Described]:
    """Every metric of a worker, in the order of the code."""
    for collector in registry._collector_to_names:
        for family in collector.collect():
            labels = tuple(getattr(collector, "_labelnames", ()) or getattr(family, "_labelnames", None) or ())
            name = f"{family.name}_total" if family.type == "counter" else family.name
            yield Described(name, family.type, labels, family.documentation, _values(family))


def declared_labels() -> dict[str, tuple[str, ...]]:
    """The labels of each metric by its name, whether it has a sample or not."""
    return {each.name: each.labels for each in described()}


def _values(family: Metric) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for sample in family.samples:
        for label, value in sample.labels.items():
            if label in _NAMED and value not in found.setdefault(label, []):
                found[label].append(value)
    return found


def _row(each: Described) -> str:
    labels = []
    for label in each.labels:
        values = ", ".join(each.values.get(label, [])) or (_ORIGIN if label == "origin" else "")
        labels.append(f"`{label}`" + (f": {values}" if values else ""))
    return f"| `{each.name}` | {each.kind} | {'; '.join(labels)} | {each.text} |"


def _alert(rule: dict[str, Any]) -> str:
    expr = " ".join(rule["expr"].split()).replace("|", "\\|")
    lasting = f" for {rule['for']}" if "for" in rule else ""
    description = rule["annotations"]["description"].replace("{{ $labels.reason }}", "…")
    return f"| `{rule['alert']}` | `{expr}`{lasting} | {rule['labels']['severity']} | {description} |"


def page() -> str:
    """The page's text."""
    ours = [each for each in described() if each.name.startswith(_OURS)]
    others = [each for each in described() if not each.name.startswith(_OURS)]
    return _TEMPLATE.read_text(encoding="utf-8").format(
        metrics="\n".join(map(_row, ours)),
        others="\n".join(map(_row, others)),
        alerts="\n".join(map(_alert, rules("alert"))),
        recorded="\n".join(f"| `{rule['record']}` | `{' '.join(rule['expr'].split())}` |" for rule in rules("record")),
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
