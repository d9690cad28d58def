"""Prints what would be sent. It sends and commits nothing, and joins no group."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

from confluent_kafka import Message as Record

from app.alerts.alert_settings import limits_of, rules_of
from app.alerts.decode import TransitionDecoder
from app.alerts.outbox import Outbox
from app.alerts.recent_alerts import RecentAlerts
from app.alerts.wording import body, fitting, title
from app.kafka.clients import registry
from app.kafka.topic_reader import TopicReader
from app.kafka.topics import topics
from app.settings import Settings

_CHARACTERS = 8_000


class DryRun:
    """Prints each message with `show` instead of sending it; without a rate limit."""

    def __init__(self, settings: Settings, show: Callable[[str], None], now: Callable[[], float] = time.time) -> None:
        self._settings, self._show, self._now = settings, show, now
        self._recent = RecentAlerts(rules_of(settings))
        self._outbox = Outbox(limits_of(settings))
        self._decoder = TransitionDecoder(registry(settings))

    def run(self, *, until_end: bool) -> None:
        """Follow the topic from now on; or read it from its oldest record to where it ends now.

        Raises TopicMissing, BrokerUnavailable, RegistryUnavailable.
        """
        name = topics(self._settings).signals.name
        with TopicReader(self._settings, name, from_beginning=until_end, until_end=until_end) as reader:
            for batch in reader.batches():
                self._take(batch)
                # A batch is what came within a fifth of a second: after a minute's bars nothing comes.
                if not batch or self._outbox.is_full:
                    self._print()
        self._print()

    def _take(self, batch: Sequence[Record]) -> None:
        if not batch:
            return
        found = asyncio.run(self._decoder.decode([record.value() for record in batch]))
        for index, signal in found.signals:
            record = batch[index]
            if alert := self._recent.judge(signal, record.partition() or 0, record.offset() or 0):
                self._outbox.add(alert)

    def _print(self) -> None:
        now = self._now()
        now_ms = int(now * 1000)
        quiet = self._settings.quiet_hours
        waits = quiet is not None and quiet.includes(datetime.fromtimestamp(now, UTC))
        while message := self._outbox.next(now_ms, partial(fitting, now_ms=now_ms, characters=_CHARACTERS)):
            self._outbox.remove(message)
            held = "(in quiet hours: it would wait for their end)\n" if waits else ""
            self._show(f"{title(message)}\n{held}{body(message, now_ms)}\n")
