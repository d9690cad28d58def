"""Who needs which rights on a cluster with ACLs, and no more than that: one table, by the parts of the system."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby

from app.engine.rights import Operation, Right, kafka_acls
from app.kafka.topics import topics
from app.settings import Settings


def _worker(settings: Settings) -> list[Right]:
    ours = topics(settings)
    return [
        Right("Read", "topic", ours.raw.name),
        # Its own page and API read these two as any reader does.
        Right("Read", "topic", ours.signals.name),
        Right("Write", "topic", ours.signals.name),
        Right("Read", "topic", ours.dead_letters.name),
        Right("Write", "topic", ours.dead_letters.name),
        Right("Read", "topic", ours.windows_changelog.name),
        Right("Write", "topic", ours.windows_changelog.name),
        Right("Read", "group", settings.id),
        looking(settings),
        Right("Write", "transactional-id", f"{settings.id}-", prefixed=True),
    ]


def _producer(settings: Settings) -> list[Right]:
    ours = topics(settings)
    return [
        Right("Write", "topic", ours.raw.name),
        # It sees that all are there.
        *(Right("Describe", "topic", topic.name) for topic in ours if topic is not ours.raw),
    ]


def _replay(settings: Settings) -> list[Right]:
    ours = topics(settings)
    return [
        Right("Read", "topic", ours.raw.name),
        Right("Write", "topic", ours.raw.name),
        # What workers made of the bars.
        Right("Read", "topic", ours.signals.name),
        Right("Read", "topic", ours.dead_letters.name),
        Right("Describe", "topic", ours.windows_changelog.name),
        Right("Describe", "group", settings.id),
        looking(settings),
    ]


def _reader(settings: Settings) -> list[Right]:
    return [Right("Read", "topic", topics(settings).signals.name), looking(settings)]


def _alerts(settings: Settings) -> list[Right]:
    return [
        Right("Read", "topic", topics(settings).signals.name),
        Right("Read", "group", f"{settings.id}-alerts-", prefixed=True),
        # For --dry-run, which joins no group.
        looking(settings),
    ]


def _operator(settings: Settings) -> list[Right]:
    ours = topics(settings)
    more: Mapping[str, tuple[Operation, ...]] = {
        # To send dead letters again.
        ours.raw.name: ("DescribeConfigs", "Read", "Write"),
        ours.signals.name: ("DescribeConfigs", "Read"),
        ours.dead_letters.name: ("DescribeConfigs", "Read"),
        # To rebuild the tables: reset the changelog, and delete what no longer counts.
        # AlterConfigs includes DescribeConfigs.
        ours.windows_changelog.name: ("Write", "Delete", "AlterConfigs"),
    }
    return [
        *(Right(each, "topic", name) for name, own in more.items() for each in ("Create", *own)),
        Right("Read", "group", settings.id),
        looking(settings),
        Right("Write", "transactional-id", f"{settings.id}-", prefixed=True),
    ]


def looking(settings: Settings) -> Right:
    """librdkafka wants a group's name and asks for its coordinator, also to read without a group."""
    return Right("Describe", "group", f"{settings.id}-", prefixed=True)


#: The parts of the system; each is best given credentials of its own.
ROLES: Mapping[str, Callable[[Settings], list[Right]]] = {
    "worker": _worker,
    "producer": _producer,
    "replay": _replay,
    "reader": _reader,
    "alerts": _alerts,
    "operator": _operator,
}

_CONFLUENT = {"topic": "--topic", "group": "--consumer-group", "transactional-id": "--transactional-id"}


def commands(rights: Iterable[Right], principal: str, server: str, *, cloud: bool = False) -> Iterator[str]:
    """What gives these rights, a command for each resource: kafka-acls, or Confluent's own command line.

    `principal` is as the cluster names it, such as `User:stocks` or, on Confluent Cloud, `User:sa-123`.
    """
    for _, group in groupby(rights, key=lambda right: right[1:]):
        together = list(group)
        yield _confluent(together, principal) if cloud else kafka_acls(*together, principal=principal, server=server)


def _confluent(rights: list[Right], principal: str) -> str:
    right = rights[0]
    account = principal.removeprefix("User:")
    operations = ",".join(_dashed(each.operation) for each in rights)
    pattern = " --prefix" if right.prefixed else ""
    return (
        f"confluent kafka acl create --allow --service-account {account} --operations {operations} "
        f"{_CONFLUENT[right.resource]} {right.name}{pattern}"
    )


def _dashed(operation: str) -> str:
    """`DescribeConfigs` as `describe-configs`."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in operation).removeprefix("-")
