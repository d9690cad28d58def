"""`stocks tail`: a topic's records, decoded."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from app.kafka.topics import Topic
    from app.settings import Settings

_NAMES = {"raw": "raw", "signals": "signals", "dead-letters": "dead_letters"}


@click.command("tail")
@click.argument("topic")
@click.option("--json", "as_json", is_flag=True, help="JSON lines: the schema's field names, times ISO-8601.")
@click.option("--from-beginning", is_flag=True, help="From the oldest record instead of what comes from now on.")
@click.option("--until-end", is_flag=True, help="From the oldest record to where the topic ends now, then stop.")
@click.option("--limit", type=click.IntRange(min=1), help="Stop after so many records.")
@click.option("--symbol", help="Only this symbol's.")
@click.option("--run", "run_id", help="Only this run's.")
def command(
    topic: str,
    as_json: bool,
    from_beginning: bool,
    until_end: bool,
    limit: int | None,
    symbol: str | None,
    run_id: str | None,
) -> None:
    """Print a topic's records decoded, and follow it until Ctrl-C.

    TOPIC is raw, signals, dead-letters, or a full name. Order is
    kept within a partition, hence within a symbol. Nothing is committed.
    """
    from app.cli.collaborators import collaborator
    from app.cli.printer import Printer
    from app.cli.views import LettersView, RecordsView
    from app.kafka.clients import registry
    from app.kafka.topic_reader import TopicReader
    from app.settings import settings

    ours = settings()
    chosen = _find(ours, topic)
    if chosen.schema is None and run_id:
        raise click.UsageError("--run does not go with dead letters: their values need not be readable")
    view = (
        RecordsView(collaborator(registry)(ours), chosen.schema, symbol=symbol, run_id=run_id)
        if chosen.schema
        else LettersView(symbol=symbol)
    )
    printer = Printer(view, as_json=as_json, limit=limit)
    read = collaborator(TopicReader)
    with read(ours, chosen.name, from_beginning=from_beginning or until_end, until_end=until_end) as reader:
        try:
            for batch in reader.batches():
                if printer.show(batch):
                    break
        except KeyboardInterrupt:
            # Ctrl-C is the normal way to end it.
            return


def _find(settings: "Settings", name: str) -> "Topic":
    from app.kafka.topics import topics

    all_topics = topics(settings)
    known = {short: getattr(all_topics, field) for short, field in _NAMES.items()}
    found = known.get(name) or next((topic for topic in known.values() if topic.name == name), None)
    if found is None:
        full = ", ".join(topic.name for topic in known.values())
        raise click.UsageError(f"There is no topic {name!r} to read: take {', '.join(known)}, or {full}")
    return found  # type: ignore[no-any-return]
