"""Looking up offsets in one place: where partitions begin and end, and where a time begins in them.

For a moment after a topic was made or a broker was restarted, brokers answer that they do not lead a partition, or do
not know it. All look-ups here ask again until they have an answer.
"""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import NamedTuple, TypeVar

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import ListOffsetsResultInfo, OffsetSpec
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from app.engine.rights import REFUSALS, NotAllowed, Operation, Right, refused
from app.kafka.broker import TIMEOUT, Broker, BrokerUnavailable

_Answer = TypeVar("_Answer")

_LASTING = REFUSALS | {KafkaError._AUTHENTICATION, KafkaError._SSL}


class Extent(NamedTuple):
    """The first offset that a partition still has, and the offset after its last record.

    For consumers of committed records the end is the last stable offset.
    """

    first: int
    end: int


def watermarks(
    consumer: Consumer, partitions: Collection[TopicPartition], timeout_s: float = TIMEOUT
) -> dict[int, Extent]:
    """The extents of partitions of one topic, by number.

    Blocks; raises NotAllowed, and BrokerUnavailable after `timeout_s`.
    """
    found = {}
    for place in partitions:
        ask = partial(consumer.get_watermark_offsets, place, timeout=min(TIMEOUT, timeout_s))
        found[place.partition] = Extent(*_ask_about(place, ask, timeout_s))
    return found


def offsets_at(consumer: Consumer, partitions: Collection[TopicPartition], time_ms: int) -> dict[int, int]:
    """By partition of one topic, the offset of the first record at or after a time (UTC epoch milliseconds).

    Partitions without such a record are left out. Blocks; raises NotAllowed, BrokerUnavailable.
    """
    request = [TopicPartition(place.topic, place.partition, time_ms) for place in partitions]

    def ask() -> dict[int, int]:
        found = consumer.offsets_for_times(request, timeout=TIMEOUT)
        for place in found:
            if place.error is not None:
                raise KafkaException(place.error)
        return {place.partition: place.offset for place in found if place.offset >= 0}

    return _ask_about(request[0], ask) if request else {}


def listed_offsets(
    broker: Broker,
    partitions: Collection[TopicPartition],
    spec: OffsetSpec,
    isolation: IsolationLevel = IsolationLevel.READ_UNCOMMITTED,
) -> Mapping[int, ListOffsetsResultInfo]:
    """By partition of one topic, the offset that a specification means. Raises NotAllowed, BrokerUnavailable."""
    request = dict.fromkeys(partitions, spec)

    def ask() -> dict[int, ListOffsetsResultInfo]:
        answers = broker.admin.list_offsets(request, isolation_level=isolation, request_timeout=TIMEOUT)
        return {place.partition: answer.result() for place, answer in answers.items()}

    return _ask_about(next(iter(request)), ask) if request else {}


def committed_offsets(
    consumer: Consumer,
    group: str,
    partitions: Collection[TopicPartition],
    timeout_s: float = TIMEOUT,
    operation: Operation = "Describe",
) -> list[TopicPartition]:
    """What a consumer's group has committed of these partitions, with the texts beside it.

    A negative offset where nothing was committed. `operation` is the right on the group that the caller needs in all.
    Blocks; raises NotAllowed, and BrokerUnavailable after `timeout_s`.
    """

    def ask() -> list[TopicPartition]:
        found = consumer.committed(list(partitions), timeout=min(TIMEOUT, timeout_s))
        for place in found:
            if place.error is not None:
                raise KafkaException(place.error)
        return found

    rights = [Right(operation, "group", group), *(_describe(place) for place in partitions)]
    return _ask(ask, f"The offsets of group {group} cannot be read", timeout_s, *rights)


def _ask_about(place: TopicPartition, ask: Callable[[], _Answer], timeout_s: float = TIMEOUT) -> _Answer:
    failure = f"The offsets of {place.topic}[{place.partition}] cannot be read"
    return _ask(ask, failure, timeout_s, _describe(place))


def _describe(place: TopicPartition) -> Right:
    return Right("Describe", "topic", place.topic)


def _ask(ask: Callable[[], _Answer], failure: str, timeout_s: float, *rights: Right) -> _Answer:
    retrying = Retrying(
        retry=retry_if_exception(_may_pass), wait=wait_fixed(0.1), stop=stop_after_delay(timeout_s), reraise=True
    )
    try:
        return retrying(ask)
    except KafkaException as error:
        if refused(error.args[0]):
            resource = "group" if error.args[0].code() == KafkaError.GROUP_AUTHORIZATION_FAILED else "topic"
            raise NotAllowed(right for right in rights if right.resource == resource) from None
        raise BrokerUnavailable(
            f"{failure} ({error.args[0].str()}): check that the broker answers and that the topic exists "
            "(`stocks topics list`)"
        ) from None


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, KafkaException) and error.args[0].code() not in _LASTING
