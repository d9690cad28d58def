"""Carries out a rebuild: a record in the changelog makes workers forget all rows before it."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from faust.types import TP

from app.engine.app import EngineOptions
from app.engine.batch import Batch, ProducerRecord
from app.engine.checkpoint import CHECKPOINT_KEY, RESET_KEY
from app.engine.datadir import claim
from app.engine.errors import Fenced, NotCommitted
from app.engine.rights import NotAllowed, Right
from app.engine.transaction import TransactionalProducer
from app.errors import StocksError
from app.kafka.broker import TIMEOUT, Broker
from app.kafka.engine_options import EngineSetup
from app.settings import Settings
from tables.rebuild.make_plan import WorkersRunning, refuse_workers
from tables.rebuild.old_records import delete_older
from tables.rebuild.plan import PartitionPlan, RebuildPlan

#: For how long setting a partition back is tried.
PATIENCE_SECONDS = 60.0

#: The value of the reset record. Without one, compaction would remove the record some day.
RESET_VALUE = b"set back by stocks tables rebuild"

Say = Callable[[str], None]


class NotWritten(StocksError):
    """The broker did not take a reset."""


def rebuild(settings: Settings, broker: Broker, plan: RebuildPlan, say: Say) -> None:
    """Set the tables back as planned, saying each step. It can be interrupted at any moment, and run again.

    1. Claim DATA_DIR, so that no worker of this machine starts meanwhile.
    2. Set the group's committed offsets back. They are for lag monitors only.
    3. Set each partition of the changelog back in one transaction. Partitions do not depend on one another:
       after a crash, those set back are computed again, and the others go on (or still cannot be read).
    4. Remove the tables in DATA_DIR. Left there they would forget their rows too, for they have not read the reset.
    5. Delete the changelog's older records, which no longer count.

    Raises WorkersRunning, NotWritten, NotDeleted, OperatorError (of the engine), BrokerUnavailable.
    """
    refuse_workers(settings, broker)
    with _claimed(settings, broker):
        _set_committed(settings, broker, plan)
        say("The group's offsets are set back.")
        options = EngineSetup(settings).options()
        resets = {}
        for part in plan.parts:
            resets[part.partition] = _reset(settings, broker, options, plan, part)
            say(f"{plan.changelog}[{part.partition}] is set back.")
        for folder in settings.data_dir.glob("v*/tables"):
            shutil.rmtree(folder)
        say("The tables in DATA_DIR are removed.")
        delete_older(broker, plan.changelog, resets)
        say("Older records of the changelog are deleted.")


@contextmanager
def _claimed(settings: Settings, broker: Broker) -> Iterator[None]:
    """Keep workers out of this machine's data folder, if there is one."""
    if not settings.data_dir.exists():
        yield
        return
    with claim(settings.data_dir, f"{settings.id} on cluster {broker.metadata().cluster_id}"):
        yield


def _set_committed(settings: Settings, broker: Broker, plan: RebuildPlan) -> None:
    """Let the group's lag say what is to be done; the broker refuses it while anyone is in the group."""
    places = [TopicPartition(plan.raw, part.partition, part.start) for part in plan.parts]
    request = [ConsumerGroupTopicPartitions(settings.id, places)]
    with broker.explaining(Right("Read", "group", settings.id), Right("Read", "topic", plan.raw)):
        broker.admin.alter_consumer_group_offsets(request, request_timeout=TIMEOUT)[settings.id].result()


def _reset(settings: Settings, broker: Broker, options: EngineOptions, plan: RebuildPlan, part: PartitionPlan) -> int:
    """Write a partition's reset, as the one writer of the partition; returns the reset's offset."""
    tp = TP(plan.raw, part.partition)
    records = [
        ProducerRecord(plan.changelog, RESET_KEY, RESET_VALUE, part.partition),
        # The reset covers it; but so compaction can remove the old one.
        ProducerRecord(plan.changelog, CHECKPOINT_KEY, None, part.partition),
    ]
    deadline = time.monotonic() + PATIENCE_SECONDS

    def should_continue() -> bool:
        return time.monotonic() < deadline

    producer = TransactionalProducer(options.producer, options.transactional_id(tp), options.transaction_seconds)
    try:
        producer.fence(should_continue)
        # A worker that took the partition over before is fenced now, and still in the group. One that
        # comes later fences this producer, and then nothing is written.
        refuse_workers(settings, broker)
        while True:
            try:
                last = producer.commit(Batch(tp, (), 0, 0, 0), [], records, should_continue)
            except NotCommitted as error:
                if not should_continue():
                    raise NotWritten(_not_written(plan, part, str(error))) from None
            else:
                return last - 1
    except Fenced:
        if should_continue():
            raise WorkersRunning(
                f"A worker has started meanwhile and taken {plan.raw}[{part.partition}] over: "
                "stop all workers, and run this again"
            ) from None
        raise NotWritten(_not_written(plan, part, "the broker does not answer")) from None
    except NotAllowed as error:
        raise error.widened(options.rights) from None
    except KafkaException as error:
        raise NotWritten(_not_written(plan, part, error.args[0].str())) from None
    finally:
        producer.close()


def _not_written(plan: RebuildPlan, part: PartitionPlan, why: str) -> str:
    return f"{plan.changelog}[{part.partition}] could not be set back ({why}): run this again"
