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
    """Show each topic of the catalogue: whether it is there, its partitions and configuration."""
    from app.cli.collaborators import collaborator
    from app.kafka.broker import Broker
    from app.kafka.topic_admin import config_drift, describe
    from app.kafka.topics import topics
    from app.settings import settings

    ours = settings()
    catalogue = list(topics(ours))
    broker = collaborator(Broker)(ours)
    there = describe(broker, [topic.name for topic in catalogue])
    drift = config_drift(broker, [topic for topic in catalogue if topic.name in there])
    report = {}
    for topic in catalogue:
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
