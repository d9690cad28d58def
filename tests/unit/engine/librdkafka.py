"""librdkafka's transactional producer, in memory."""

from collections import defaultdict, deque
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from confluent_kafka import KafkaError, KafkaException


def kafka_exception(
    code: int, reason: str = "reason", *, fatal: bool = False, retriable: bool = False, abort: bool = False
) -> KafkaException:
    """An error as librdkafka gives it: `abort` where the transaction must be aborted."""
    return KafkaException(KafkaError(code, reason, fatal, retriable, abort))


def in_a_callback(cause: KafkaException) -> SystemError:
    """What Python makes of an exception that confluent-kafka has set before it calls back."""
    error = SystemError("returned a result with an exception set")
    error.__cause__ = cause
    return error


class FakeProducer:
    """Takes what is produced, gives the answers that it was given, and notes each call in `calls`."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.calls: list[str] = []
        #: What the next calls of a method raise; None: nothing.
        self.answers: defaultdict[str, deque[Exception | None]] = defaultdict(deque)
        self.produced: list[tuple[Any, ...]] = []
        #: The records that report, by their number.
        self.reporting: list[int] = []
        #: How many more records fit into the queue.
        self.room = 1000
        self.next_offset = 100
        self.undelivered: KafkaError | None = None
        self._reports: list[Callable[[], None]] = []

    def init_transactions(self, timeout: float) -> None:
        self._answer("init")

    def begin_transaction(self) -> None:
        self._answer("begin")

    def produce(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None,
        partition: int,
        on_delivery: Callable[[KafkaError | None, Any], None] | None = None,
        headers: Any = None,
    ) -> None:
        if not self.room:
            self.calls.append("full")
            raise BufferError
        self._answer("produce")
        self.room -= 1
        offset, self.next_offset = self.next_offset, self.next_offset + 1
        if on_delivery is not None:
            self.reporting.append(len(self.produced))
            message = SimpleNamespace(offset=lambda: None if self.undelivered else offset)
            self._reports.append(lambda: on_delivery(self.undelivered, message))
        self.produced.append((topic, key, value, partition, headers))

    def poll(self, timeout: float) -> int:
        self._answer("poll")
        self.room = 1000
        return 0

    def flush(self, timeout: float) -> int:
        """Everything is delivered; the answer None means that something is still on its way."""
        if self.answers["flush"] and self.answers["flush"][0] is None:
            self.answers["flush"].popleft()
            self.calls.append("flush")
            return 1
        self._answer("flush")
        for report in self._reports:
            report()
        self._reports.clear()
        return 0

    def commit_transaction(self, timeout: float) -> None:
        self._answer("commit")

    def abort_transaction(self, timeout: float) -> None:
        self._answer("abort")

    def _answer(self, name: str) -> None:
        self.calls.append(name)
        answers = self.answers[name]
        answer = answers.popleft() if answers else None
        if answer is not None:
            raise answer
