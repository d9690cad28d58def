"""Every private name of Faust and aiokafka that the engine touches, in one place, with what is reached through them.

tests/unit/engine/test_private.py checks that each is still there and says which
one changed, so that an upgrade fails there and not in production.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import DescribeGroupsRequest
from aiokafka.structs import TopicPartition
from faust.types import TP
from rocksdict import Rdict

#: At most so many bytes of keys and values in one batch.
BATCH_BYTES = 4 * 1024 * 1024

#: Records taken from aiokafka at once, and so those by which a batch may be larger than that.
MOST_AT_ONCE = 32

#: Dotted names, by the object that has them; the test resolves each.
NAMES: Mapping[str, Sequence[str]] = {
    "faust.transport.drivers.aiokafka:Consumer": (
        "_new_consumer_thread",
        "_to_message",
        "_new_offset",
        "_should_commit",
        "_filter_tps_with_pending_acks",
        "_add_gap",
        "_commit",
        "_is_changelog_tp",
        "_read_offset",
        "_committed_offset",
        "_unacked_messages",
        "_thread",
    ),
    "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread": (
        "_fetch_records",
        "_create_worker_consumer",
        "_ensure_consumer",
        "_consumer",
        "_commit",
        "_stopped_set",
    ),
    "faust.tables:TableManager": ("_update_channels",),
    "faust.stores.rocksdb:Store": ("_db_for_partition",),
    "faust.app.base:BootStrategy": ("_should_enable_web",),
    "aiokafka:AIOKafkaConsumer": (
        "_isolation_level",
        "_fetch_max_wait_ms",
        "_client",
        "_closed",
        "_coordinator",
        "_fetcher",
        "_subscription",
    ),
    "aiokafka.client:AIOKafkaClient": ("force_metadata_update", "send"),
    "aiokafka.consumer.group_coordinator:GroupCoordinator": (
        "request_rejoin",
        "group_id",
        "check_errors",
        "_coordination_task",
    ),
    "aiokafka.consumer.fetcher:Fetcher": ("_closed", "_subscriptions", "_records", "fetched_records"),
    "aiokafka.consumer.fetcher:FetchResult": ("_partition_records",),
    "aiokafka.consumer.fetcher:PartitionRecords": ("_consumer_record",),
    "aiokafka.consumer.subscription_state:SubscriptionState": ("fetch_context", "subscription"),
    "aiokafka.consumer.subscription_state:Subscription": ("assignment",),
    "aiokafka.consumer.subscription_state:Assignment": ("tps", "state_value"),
    "aiokafka.consumer.subscription_state:TopicPartitionState": ("position", "has_valid_position"),
}


def read_committed(consumer: AIOKafkaConsumer) -> None:
    """Make a consumer that has not started yet skip aborted records; Faust only does so under exactly-once."""
    consumer._isolation_level = "read_committed"


def wait_briefly(consumer: AIOKafkaConsumer, milliseconds: int) -> None:
    """Have the broker answer a fetch so soon when it has nothing; for a consumer that has not started yet.

    All that is asked of a broker meanwhile waits behind that answer: other
    partitions' records and offsets. Faust says 1.5 seconds, and lets nobody choose.
    """
    consumer._fetch_max_wait_ms = milliseconds


def refresh_metadata(consumer: AIOKafkaConsumer) -> None:
    """Have the client ask the broker for its topics' metadata soon; in the consumer's own thread."""
    consumer._client.force_metadata_update()


def rejoin(consumer: AIOKafkaConsumer) -> None:
    """Have the client leave its generation and join its group again; in the consumer's own thread."""
    consumer._coordinator.request_rejoin()


class GroupMember(NamedTuple):
    """A member of a consumer group, as its coordinator lists it."""

    id: str
    client_id: str
    host: str


async def members(consumer: AIOKafkaConsumer) -> list[GroupMember]:
    """The members of the consumer's group; none while no coordinator is known. Raises KafkaError.

    Asked by this client: librdkafka's admin client ends the process when the coordinator goes
    while it is asked (librdkafka pull request 5397).
    """
    coordinator = consumer._coordinator
    if coordinator.coordinator_id is None:
        return []
    request = DescribeGroupsRequest([coordinator.group_id])
    response = await consumer._client.send(coordinator.coordinator_id, request)
    return [GroupMember(*member[:3]) for group in response.groups for member in group[5]]


def pending_error(consumer: AIOKafkaConsumer) -> KafkaError | None:
    """What its coordinator has refused since this was last asked; in the consumer's own thread.

    Until somebody takes such an error, the client waits with it and does not try again. Fetching as we do never asks.
    Raises the error by which the coordinator's own task ended: this member will never join its group again.
    """
    if is_closed(consumer):
        return None
    task: asyncio.Future[None] = consumer._coordinator._coordination_task
    try:
        consumer._coordinator.check_errors()
    except KafkaError as error:
        if task.done():
            raise
        return error
    return None


def is_closed(consumer: AIOKafkaConsumer) -> bool:
    """Whether the consumer or its fetcher has been closed."""
    return bool(consumer._closed or consumer._fetcher._closed)


async def fetched(
    consumer: AIOKafkaConsumer, partitions: Iterable[TP], *, wait_seconds: float, limit: int
) -> Mapping[TP, list[Any]]:
    """Records that have arrived for these partitions, waiting at most `wait_seconds` for the first.

    At most `limit` records, and hardly more than BATCH_BYTES: what a fetch brings
    may be a thousand times as large when it is unpacked. When it returns, nothing
    ran between taking the records and the position moving behind them.
    """
    fetcher, wanted = consumer._fetcher, set(partitions)
    taken: dict[TP, list[Any]] = {}
    count = size = largest = 0
    with fetcher._subscriptions.fetch_context():
        while count < limit and size < BATCH_BYTES:
            # A few at a time, and fewer where they are large: their size is known only when they are unpacked.
            few = max(1, min(limit - count, count, MOST_AT_ONCE, (BATCH_BYTES - size) // max(largest, 1)))
            _take_records_as_they_are(fetcher._records)
            try:
                found = await fetcher.fetched_records(wanted, timeout=0 if taken else wait_seconds, max_records=few)
            except KafkaError:
                if not taken:
                    raise
                break  # aiokafka raises it again when it has no records left to give.
            if not found:
                break
            for place, records in found.items():
                taken.setdefault(TP(place.topic, place.partition), []).extend(records)
                count += len(records)
                sizes = [len(record.value or b"") + len(record.key or b"") for record in records]
                size += sum(sizes)
                largest = max(largest, *sizes)
    return taken


def _take_records_as_they_are(arrived: Mapping[TopicPartition, Any]) -> None:
    """Have aiokafka hand out its parser's records: making its own class of each takes twice as long as all the rest."""
    for result in arrived.values():
        if isinstance(result, FetchResult) and result.has_more():
            result._partition_records._consumer_record = _as_it_is


def _as_it_is(tp: TopicPartition, record: Any) -> Any:
    return record


def position(consumer: AIOKafkaConsumer, tp: TP) -> int | None:
    """The next offset to fetch of an assigned partition; None while it is not known."""
    assignment = consumer._subscription.subscription.assignment
    topic_partition = TopicPartition(tp.topic, tp.partition)
    if assignment is None or topic_partition not in assignment.tps:
        return None
    state = assignment.state_value(topic_partition)
    return state.position if state.has_valid_position else None


def store_db(store: Any, partition: int) -> Rdict:
    """The RocksDB database that holds one partition of a table; opens it when it is not open."""
    db: Rdict = store._db_for_partition(partition)
    return db
