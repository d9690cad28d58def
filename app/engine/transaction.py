"""Writes all results of a batch in one Kafka transaction.

Each source partition has a transactional id. The producer that initializes it last fences
all that had it before: the open transaction of the old owner is aborted, and
its next produce or commit is refused. So Kafka itself says who may write.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from app.engine.batch import Batch, ToSend
from app.engine.errors import Fenced, NotCommitted, ProducerLost
from app.engine.failpoints import Failpoint, Observer, unobserved
from app.engine.full_queue import produce_all
from app.engine.rights import NotAllowed, Right

#: How often a call that waits for the broker looks whether it is still wanted.
CALL_SECONDS = 0.5

#: Pause before a call is repeated that the broker or librdkafka refused at once.
AGAIN_SECONDS = 0.05

#: How long an abort may take of a worker that is ending; the broker does it later by itself.
ABORT_SECONDS = 2.0

_FENCED = frozenset({KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH})

#: Errors that stay the same when the call is repeated.
_PERMANENT = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
        KafkaError.POLICY_VIOLATION,
        KafkaError.INVALID_RECORD,
    }
)

#: A topic that is not there, or not yet known again. If it was deleted, the app's check of its topics ends the worker.
_UNKNOWN = frozenset({KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION, KafkaError.UNKNOWN_TOPIC_OR_PART})

#: Errors of `produce` once a transaction has failed; they do not say why.
_REFUSED = frozenset({KafkaError._STATE, KafkaError._FATAL})

ShouldContinue = Callable[[], bool]


class TransactionalProducer:
    """The one writer of a source partition. All methods block: call them in a thread, one at a time.

    `should_continue` is asked now and then whether to go on waiting for the broker;
    when it says no, Fenced is raised and the producer is of no more use.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        transactional_id: str,
        timeout_seconds: float,
        factory: Callable[[dict[str, Any]], Producer] = Producer,
    ) -> None:
        self.transactional_id = transactional_id
        self._producer = factory(
            {**config, "transactional.id": transactional_id, "transaction.timeout.ms": int(timeout_seconds * 1000)}
        )
        self._offset = -1
        #: When a transaction failed that may be tried again, but not by this producer (monotonic seconds).
        self.spent_at: float | None = None
        #: Why the last changelog record was not delivered.
        self._undelivered = ""

    def fence(self, should_continue: ShouldContinue) -> None:
        """Become the writer: abort what the last owner left open, and fence it.

        Afterwards the end of the changelog's partition is final until this producer
        writes. Raises Fenced, and OperatorError where the right to the id is missing.
        """
        _check(should_continue)  # Waiting for a thread may have taken long.
        self._call(lambda: self._producer.init_transactions(CALL_SECONDS), should_continue)

    def commit(
        self,
        batch: Batch,
        outputs: Sequence[ToSend],
        changelog: Sequence[ToSend],
        should_continue: ShouldContinue,
        reached: Observer = unobserved,
    ) -> int:
        """Write the records in one transaction; return the offset of the last changelog record.

        Raises NotCommitted when the transaction failed and may be tried again by the
        next producer, Fenced when another one has taken the id over, and KafkaException
        for an error that a repetition does not fix. After any of these this producer is of no more use.
        """
        self._undelivered = ""
        try:
            with self._translating(), _naming_topics(outputs, changelog):
                self._producer.begin_transaction()
                reached(Failpoint.AFTER_BEGIN, batch)
                self._produce(outputs, should_continue)
                reached(Failpoint.SOME_PRODUCED, batch)
                self._produce(changelog[:-1], should_continue)
                self._produce(changelog[-1:], should_continue, on_delivery=self._report)
                reached(Failpoint.AFTER_PRODUCE, batch)
                while self._producer.flush(CALL_SECONDS):
                    _check(should_continue)
                reached(Failpoint.BEFORE_COMMIT, batch)
                self._commit(should_continue)
        except NotCommitted:
            self._call(lambda: self._producer.abort_transaction(CALL_SECONDS), should_continue)
            self.spent_at = time.monotonic()
            raise
        except BaseException:
            self.close()
            raise
        return self._offset

    def close(self) -> None:
        """Abort what is open, if the broker allows it soon."""
        # It drops what is queued, and waits for what is on its way: that must not reach the broker after the abort.
        with suppress(KafkaException, SystemError):
            self._producer.abort_transaction(ABORT_SECONDS)

    def _commit(self, should_continue: ShouldContinue) -> None:
        self._call(lambda: self._producer.commit_transaction(CALL_SECONDS), should_continue)

    def _produce(
        self,
        records: Iterable[ToSend],
        should_continue: ShouldContinue,
        on_delivery: Callable[[KafkaError | None, Message], None] | None = None,
    ) -> None:
        try:
            produce_all(self._producer, records, lambda: _check(should_continue), on_delivery)
        except KafkaException as error:
            if error.args[0].code() in _REFUSED:
                self._commit(should_continue)  # It says what has failed.
            raise

    def _report(self, error: KafkaError | None, message: Message) -> None:
        offset = message.offset()
        if error is not None:
            self._undelivered = error.str()
        elif offset is not None:
            self._offset = offset

    def _call(self, call: Callable[[], object], should_continue: ShouldContinue) -> None:
        """Call until the broker has answered. Raises Fenced, NotCommitted, OperatorError, KafkaException."""
        while True:
            try:
                with self._translating():
                    call()
            except KafkaException as error:
                if not error.args[0].retriable():
                    raise
                _check(should_continue)
                time.sleep(AGAIN_SECONDS)
            else:
                return

    @contextmanager
    def _translating(self) -> Iterator[None]:
        """Raise what the engine understands in the place of librdkafka's errors."""
        try:
            yield
        except (KafkaException, SystemError) as raised:
            reason = _reason(raised) or self._lost_reason()
            translated = reason and self._translated(reason.args[0])
            if translated is None:
                raise
            raise translated from raised

    def _lost_reason(self) -> KafkaException | None:
        """The fatal error that confluent-kafka lost; where there is none, the transaction is aborted."""
        try:
            self._producer.abort_transaction(CALL_SECONDS)
        except KafkaException as error:
            return error
        return None

    def _translated(self, error: KafkaError) -> Exception | None:
        """The engine's error for one of librdkafka's; None where it has none."""
        code = error.code()
        if code in _FENCED:
            return Fenced(f"{self.transactional_id}: {error.str()}")
        if code == KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
            return NotAllowed([Right("Write", "transactional-id", self.transactional_id)])
        if code == KafkaError.INVALID_TXN_STATE:
            return ProducerLost(f"{self.transactional_id}: {error.str()}")
        if code == KafkaError._INCONSISTENT:  # This error means: see the delivery reports.
            return NotCommitted(self._undelivered or error.str())
        if code in _UNKNOWN or (error.txn_requires_abort() and code not in _PERMANENT):
            return NotCommitted(error.str())
        return None


@contextmanager
def _naming_topics(*records: Iterable[ToSend]) -> Iterator[None]:
    """Name the topics where the broker refuses one of them: it does not say which."""
    try:
        yield
    except (KafkaException, SystemError) as raised:
        reason = _reason(raised)
        if reason is None or reason.args[0].code() != KafkaError.TOPIC_AUTHORIZATION_FAILED:
            raise
        raise NotAllowed(Right("Write", "topic", topic) for each in records for topic, *_ in each) from raised


def _reason(raised: BaseException | None) -> KafkaException | None:
    """Kafka's error behind an exception.

    confluent-kafka raises a fatal error while it serves events, and goes on to call back for deliveries:
    then Python raises SystemError, with the fatal error as its cause.
    """
    while raised is not None and not isinstance(raised, KafkaException):
        raised = raised.__cause__
    return raised


def _check(should_continue: ShouldContinue) -> None:
    if not should_continue():
        raise Fenced("nobody waits for this transaction any more")
