"""Setting the tables back, so that the next workers compute them anew from the raw topic."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition

from app.broker import TIMEOUT, Broker
from app.engine.datadir import claim
from app.errors import StocksError
from app.settings import Settings
from app.topic_admin import ensure_topics
from app.topics import Topic, topics
from tables.changelog_writer import ChangelogWriter
from tables.rebuild_plan import Plan
from tables.rebuild_records import empty_histories, empty_windows, no_progress, progress_at_the_end
from tables.rebuild_survey import latest, refuse_workers

Say = Callable[[str], None]


class NotAlone(StocksError):
    """Something else wrote to the changelogs."""


def rebuild(settings: Settings, broker: Broker, plan: Plan, say: Say) -> None:
    """Set both tables back as planned, saying each step; tables/rebuild_records.py says why in this order.

    Old records are deleted only when all others are written. Raises WorkersRunning,
    NotAlone, NotWritten, NotDeleted, DataDirInUse, DataDirForeign, BrokerUnavailable;
    after each of them, or killed at any moment, it can be run again.
    """
    catalogue, parts, strategy = topics(settings), plan.parts, settings.strategy
    refuse_workers(settings, broker)
    _check_ends(broker, catalogue.windows_changelog, {part.partition: part.windows.end for part in parts})
    _check_ends(broker, catalogue.signals_changelog, {part.partition: part.signals.end for part in parts})
    _check_ends(broker, catalogue.indicators, {part.partition: part.indicators_end for part in parts})
    indicators_id = ensure_topics(settings)[catalogue.indicators.name]
    with _local_tables(settings, broker):
        _set_committed(settings, broker, plan)
        windows = ChangelogWriter(settings, catalogue.windows_changelog.name)
        windows.write(no_progress(parts))
        windows.write(empty_windows(parts, strategy))
        say("The windows are set back.")
        signals = ChangelogWriter(settings, catalogue.signals_changelog.name)
        signals.write(progress_at_the_end(parts, indicators_id))
        signals.write(empty_histories(parts, strategy))
        say("The signals are set back.")
        for writer in (windows, signals):
            writer.delete_older(broker)
        say("Older records of the changelogs are deleted.")
        refuse_workers(settings, broker)
        _check_ends(broker, catalogue.windows_changelog, windows.ends)
        _check_ends(broker, catalogue.signals_changelog, signals.ends)


def _check_ends(broker: Broker, topic: Topic, ends: Mapping[int, int]) -> None:
    if latest(broker, topic) != ends:
        raise NotAlone(
            f"Something else has written to {topic.name} meanwhile, a worker perhaps: "
            "see that none runs, and run this again"
        )


def _set_committed(settings: Settings, broker: Broker, plan: Plan) -> None:
    """Let the group's lag say what is to be done; the broker refuses it while anyone is in the group."""
    catalogue = topics(settings)
    places = [
        place
        for part in plan.parts
        for place in (
            TopicPartition(catalogue.raw.name, part.partition, part.start),
            TopicPartition(catalogue.indicators.name, part.partition, part.indicators_end),
        )
    ]
    request = [ConsumerGroupTopicPartitions(settings.id, places)]
    with broker.explaining():
        broker.admin.alter_consumer_group_offsets(request, request_timeout=TIMEOUT)[settings.id].result()


@contextmanager
def _local_tables(settings: Settings, broker: Broker) -> Iterator[None]:
    """Remove this machine's tables, and keep workers out of their folder meanwhile."""
    if not settings.data_dir.exists():
        yield
        return
    with claim(settings.data_dir, f"{settings.id} on cluster {broker.metadata().cluster_id}"):
        for folder in settings.data_dir.glob("v*/tables"):
            shutil.rmtree(folder)
        yield
