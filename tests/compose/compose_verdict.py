"""Whether each bar that Kafka has became exactly one signal, as a reader of committed records sees it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ComposeVerdict:
    """How many of each, and what is wrong, a few examples of it at most."""

    bars: int
    signals: int
    faults: tuple[str, ...]


def judge(bars: Iterable[Record], signals: Iterable[Record], dead_letters: int) -> ComposeVerdict:
    """Compare the raw topic with that of signals. Synthetic bars are never corrected, so one signal each."""
    wanted = {_place(bar) for bar in bars}
    found = Counter(_place(signal) for signal in signals)
    wrong = {
        "lost": [place for place in wanted if place not in found],
        "there more than once": [place for place, times in found.items() if times > 1],
        "of no bar": [place for place in found if place not in wanted],
    }
    faults = [f"{len(places)} signals are {what}: {sorted(places)[:3]}" for what, places in wrong.items() if places]
    if dead_letters:
        faults.append(f"{dead_letters} records are dead letters")
    if not wanted:
        faults.append("there are no bars")
    return ComposeVerdict(len(wanted), found.total(), tuple(faults))


def _place(record: Record) -> tuple[str, str, str]:
    return record["run_id"], record["symbol"], record["timestamp"]
