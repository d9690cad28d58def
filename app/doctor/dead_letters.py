"""The dead letters of the last day, by reason."""

import time
from collections import Counter
from collections.abc import Callable, Iterator

from app.dead_letters.letter import Letter
from app.dead_letters.read_letters import letters_since
from app.doctor.finding import Finding
from app.kafka.broker import Broker
from app.kafka.topic_admin import describe
from app.kafka.topics import topics
from app.settings import Settings
from app.terminal.visible import visible

_HOURS = 24


def check_dead_letters(
    settings: Settings,
    broker: Broker,
    clock: Callable[[], float] = time.time,
    read: Callable[[Settings, int], Iterator[Letter]] = letters_since,
) -> Iterator[Finding]:
    """The dead letters of the last 24 hours; nothing where there is no topic of them. Raises BrokerUnavailable."""
    if not describe(broker, [topics(settings).dead_letters.name]):
        return
    since_ms = round((clock() - _HOURS * 3600) * 1000)
    yield judge(Counter(letter.reason or "without a reason" for letter in read(settings, since_ms)))


def judge(reasons: Counter[str]) -> Finding:
    """The finding for these counts by reason."""
    if not reasons:
        return Finding("ok", "dead letters", f"none in the last {_HOURS} hours")
    counts = ", ".join(f"{count:,} {visible(reason)}" for reason, count in reasons.most_common())
    message = f"{counts} in the last {_HOURS} hours"
    return Finding("warning", "dead letters", message, "`stocks dead-letters list` shows them, and why")
