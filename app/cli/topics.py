"""`stocks topics`: the topics, made and listed."""

import json

import click


@click.group("topics")
def command() -> None:
    """Create the topics, or list them as they are."""


@command.command()
def create() -> None:
    """Create those that are missing, check all; doing it again changes nothing."""
    from app.cli.collaborators import collaborator
    from app.kafka.topic_admin import ensure_topics
    from app.settings import settings

    for name, topic_id in collaborator(ensure_topics)(settings()).items():
        click.echo(f"{name}  (id {topic_id})")


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object by name.")
def list_topics(as_json: bool) -> None:
    """Show each topic: whether it is there, its partitions and configuration."""
    from app.cli.collaborators import collaborator
    from app.kafka.broker import Broker
    from app.kafka.topic_admin import config_drift, describe
    from app.kafka.topics import topics
    from app.settings import settings

    ours = settings()
    all_topics = list(topics(ours))
    broker = collaborator(Broker)(ours)
    there = describe(broker, [topic.name for topic in all_topics])
    drift = config_drift(broker, [topic for topic in all_topics if topic.name in there])
    report = {}
    for topic in all_topics:
        found = there.get(topic.name)
        partitions = len(found.partitions) if found else topic.partitions
        config = dict(topic.config) | {key: value for key, (value, _) in drift.get(topic.name, {}).items()}
        report[topic.name] = {"exists": found is not None, "partitions": partitions, "config": config}
        if not as_json:
            click.echo(f"{topic.name}: {partitions} partitions{'' if found else ', MISSING'}")
            for key, value in config.items():
                click.echo(f"    {key}={value}")
    if as_json:
        click.echo(json.dumps(report, indent=2))


@command.command()
@click.argument("parts", metavar="[PART]...", nargs=-1)
@click.option("--principal", required=True, help="Who gets the rights: User:NAME; Confluent Cloud: User:sa-123.")
@click.option(
    "--cloud", is_flag=True, help="As commands of `confluent`, for Confluent Cloud, instead of kafka-acls.sh."
)
def acls(parts: tuple[str, ...], principal: str, cloud: bool) -> None:
    """Print commands that give a principal the rights that it needs, and no more.

    PART is worker, producer, replay, reader, alerts or operator (who creates
    topics, sends dead letters again, rebuilds tables); without one, all of
    them. Nothing is asked of the cluster; names follow from APP_ID and
    TOPIC_PREFIX.
    """
    from app.kafka.acls import ROLES, commands
    from app.settings import settings

    if unknown := [part for part in parts if part not in ROLES]:
        raise click.UsageError(f"There is no part {unknown[0]!r}: take {', '.join(ROLES)}")
    if not principal.startswith("User:"):
        raise click.UsageError(f"--principal {principal}: write it as User:{principal}")
    ours = settings()
    for part in parts or ROLES:
        click.echo(f"# {part}")
        for line in commands(ROLES[part](ours), principal, ours.kafka_bootstrap or "…", cloud=cloud):
            click.echo(line)
