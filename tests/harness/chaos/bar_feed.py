"""Sends a tape all the time, from a thread of its own, whatever happens to the broker."""

import threading
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

from confluent_kafka import KafkaError, Message, Producer

from tests.harness.chaos.hostile_bars import Item

#: The headers of a record: which one it is (offsets are known only afterwards, or never), and why it is not a bar.
NUMBER, REASON = "number", "reason"

#: The broker may be away for two minutes, and machines are slow.
FLUSH_SECONDS = 300.0

#: Records handed over at once at most.
AT_ONCE = 1000


class BarsNotSent(AssertionError):
    """The broker does not take the bars."""


class BarFeed:
    """Sends what `take` gives until it gives None, so many a second, in order and each at least once."""

    def __init__(self, config: Mapping[str, Any], topic: str, take: Callable[[], Item | None], rate: float) -> None:
        # No record times out by itself: another would overtake it.
        self._config = {**config, "message.timeout.ms": 0, "queue.buffering.max.messages": 20_000}
        self._topic = topic
        self._take = take
        self._rate = rate
        #: Records handed over so far; they are numbered from 0.
        self.sent = 0
        #: Whether there is nothing more to send.
        self.exhausted = False
        #: How often a producer had to be replaced.
        self.replaced = 0
        self._unconfirmed: dict[int, Item] = {}
        self._broken: KafkaError | None = None
        self._producer = Producer(self._config)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="feed")
        self._thread.start()

    def stop(self) -> None:
        """Return when the broker has all that was sent. Raises NotSent."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        deadline = monotonic() + FLUSH_SECONDS
        while self._unconfirmed:
            self._serve(0.2)
            if monotonic() > deadline:
                raise BarsNotSent(f"{len(self._unconfirmed)} records are not sent after {FLUSH_SECONDS:g} s")

    def _run(self) -> None:
        started, first = monotonic(), self.sent
        while not (self.exhausted or self._stopping.wait(0.02)):
            due = first + (monotonic() - started) * self._rate
            for _ in range(int(min(due - self.sent, AT_ONCE))):
                item = self._take()
                if item is None:
                    self.exhausted = True
                    break
                self._send(item)
            self._serve(0)

    def _send(self, item: Item) -> None:
        number = self.sent
        self._unconfirmed[number] = item
        while not self._produced(number, item):
            self._serve(0.1)
        self.sent += 1

    def _produced(self, number: int, item: Item) -> bool:
        def note(error: KafkaError | None, _: Message) -> None:
            if error is None:
                self._unconfirmed.pop(number, None)
            else:
                self._broken = error

        headers: dict[str, str | bytes | None] = {NUMBER: str(number), REASON: item.reason}
        try:
            self._producer.produce(self._topic, item.value, item.key, on_delivery=note, headers=headers)
        except BufferError:
            return False
        return True

    def _serve(self, seconds: float) -> None:
        self._producer.poll(seconds)
        if self._broken is not None:
            self._replace()

    def _replace(self) -> None:
        """Send what is not confirmed with another producer: one that met a fatal error sends nothing more."""
        self._producer.purge()
        self._producer.flush(5)
        self._producer, self._broken = Producer(self._config), None
        self.replaced += 1
        for number, item in sorted(self._unconfirmed.items()):
            while not self._produced(number, item):
                self._producer.poll(0.1)
