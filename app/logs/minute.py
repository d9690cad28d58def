"""What a worker did in the last minute, in one line."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from prometheus_client import Counter

from app import metrics


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted since the worker started, each by its label."""

    bars: Mapping[str, float] = field(default_factory=dict)
    signals: Mapping[str, float] = field(default_factory=dict)
    dead_letters: Mapping[str, float] = field(default_factory=dict)

    def since(self, before: "Counts") -> "Counts":
        """What was counted between then and now; labels of which there was nothing are left out."""
        return Counts(
            _less(self.bars, before.bars),
            _less(self.signals, before.signals),
            _less(self.dead_letters, before.dead_letters),
        )


class Minutes:
    """Makes the line of each minute from the metrics."""

    def __init__(self) -> None:
        self._before = counted()

    def line(self, lag: int | None) -> str:
        """The line of the time since the last one; `lag` in records, None while the broker does not say."""
        now = counted()
        text = sentence(now.since(self._before), lag)
        self._before = now
        return text


def counted() -> Counts:
    """What the metrics have now."""
    return Counts(_values(metrics.bars), _values(metrics.signals), _values(metrics.dead_letters))


def sentence(counts: Counts, lag: int | None) -> str:
    """Bars by what happened to them, signals by action, lag, and dead letters by reason."""
    behind = "lag unknown, the broker does not answer" if lag is None else f"lag {lag:,}"
    return (
        f"In the last minute: {_total(counts.bars, 'bars')}, {_total(counts.signals, 'signals')}, "
        f"{_total(counts.dead_letters, 'dead letters')}; {behind}"
    )


def _total(counts: Mapping[str, float], what: str) -> str:
    total = sum(counts.values())
    if not total:
        return f"no {what}"
    return f"{total:,.0f} {what} ({', '.join(f'{count:,.0f} {name}' for name, count in counts.items())})"


def _values(counter: Counter) -> dict[str, float]:
    [family] = counter.collect()
    return {
        next(iter(sample.labels.values())): sample.value for sample in family.samples if sample.name.endswith("_total")
    }


def _less(now: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    return {name: value - before.get(name, 0) for name, value in now.items() if value > before.get(name, 0)}
