"""Sends bars to Kafka: each arrives once and in order, or is counted as failed."""

from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from app.domain.records import Bar
from app.errors import StocksError
from app.kafka.refusals import why_not_written
from app.logs.traces import Sending
from app.producer.sent_bars import SentBars

_POLL_EVERY = 256
_FLUSH_STEP_S = 0.2


class DeliveryFailed(StocksError):
    """A bar did not arrive, and none that were sent after it need be complete."""


class BarProducer:
    """librdkafka's idempotent producer for the bars of one topic; counts what was sent, acknowledged and failed.

    Records carry the time at which they are sent, not the bar's: by the bar's,
    retention would delete a replay of an old day at once.
    `give_up_after_s` is how long a bar may wait for the broker; None: for ever.
    `sent_bars` notes each bar and where it came to stand. `sending` says what trace each is part of.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        topic: str,
        encode: Callable[[Bar], bytes],
        *,
        give_up_after_s: float | None = None,
        sent_bars: SentBars | None = None,
        sending: Sending | None = None,
    ) -> None:
        self.sent = 0
        self.acknowledged = 0
        self.failed = 0
        self.first_error: str | None = None
        self._trouble: str | None = None
        self._topic, self._encode, self._sent_bars, self._sending = topic, encode, sent_bars, sending
        self._log_error: Callable[[KafkaError], None] | None = config.get("error_cb")
        self._producer = Producer(
            {
                **config,
                "message.timeout.ms": 0 if give_up_after_s is None else round(give_up_after_s * 1000),
                "error_cb": self._on_error,
                "on_delivery": self._on_delivery,
            }
        )

    @property
    def waiting(self) -> int:
        """Bars sent, neither acknowledged nor failed yet."""
        return self.sent - self.acknowledged - self.failed

    @property
    def trouble(self) -> str | None:
        """What keeps the bars that are waiting from arriving; None when nothing does."""
        return self._trouble if self.waiting else None

    def offer(self, bar: Bar) -> bool:
        """Sends the bar; False, and nothing is sent, while the queue is full. Raises DeliveryFailed once one has."""
        if self.failed:
            raise DeliveryFailed(f"A bar did not arrive: {self.first_error}")
        try:
            value, key = self._encode(bar), bar["symbol"].encode()
            if self._sending is None:
                self._producer.produce(self._topic, value, key)
            else:
                self._producer.produce(self._topic, value, key, headers=self._sending.headers())
        except BufferError:
            return False
        except KafkaException as error:
            raise DeliveryFailed(f"The bar could not be sent: {why_not_written(error.args[0], self._topic)}") from error
        if self._sent_bars is not None:
            self._sent_bars.note(bar)
        self.sent += 1
        if self.sent % _POLL_EVERY == 0:
            self._producer.poll(0)
        return True

    def poll(self, timeout_s: float) -> None:
        """Handle delivery reports for at most so long."""
        self._producer.poll(timeout_s)

    def flush(self, given_up: Callable[[], bool] = lambda: False) -> None:
        """Waits until every bar has arrived or failed, or `given_up` says to stop waiting.

        Raises DeliveryFailed with the first reason when any did not arrive.
        """
        while self._producer.flush(_FLUSH_STEP_S) and not given_up():
            pass
        if self._sending is not None:
            self._sending.end()
        if self.failed:
            raise DeliveryFailed(f"{self.failed:,} bars did not arrive. The first reason: {self.first_error}")
        if self.waiting:
            why = f": {self.trouble}" if self.trouble else ""
            raise DeliveryFailed(f"{self.waiting:,} bars were not acknowledged{why}")

    def close(self) -> None:
        """Give up all bars that are not acknowledged yet."""
        if self._sending is not None:
            self._sending.end()
        self._producer.purge()
        self._producer.close()

    def _on_delivery(self, error: KafkaError | None, message: Message) -> None:
        if error is None:
            if self._sent_bars is not None:
                self._sent_bars.acknowledged(message)
            self.acknowledged += 1
            self._trouble = None
        else:
            self.failed += 1
            self.first_error = self.first_error or why_not_written(error, self._topic)

    def _on_error(self, error: KafkaError) -> None:
        self._trouble = error.str()
        if self._log_error:
            self._log_error(error)
