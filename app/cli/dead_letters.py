"""`stocks dead-letters`: what could not be processed, found, looked at, and sent again."""

from typing import TYPE_CHECKING, Any

import click

from app.cli.collaborators import collaborator
from app.cli.letter_options import letter_options
from app.terminal.visible import visible

if TYPE_CHECKING:
    from app.dead_letters.letter import Letter
    from app.dead_letters.letter_filter import LetterFilter
    from app.settings import Settings


@click.group("dead-letters")
def command() -> None:
    """List, show and replay what could not be processed.

    A record that cannot be read or makes no sense is in the dead-letters topic,
    with its bytes as they came and the reason.
    """


@command.command("list")
@letter_options
@click.option("--limit", type=click.IntRange(min=1), help="Stop after so many.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines; the value as `value_base64`.")
@click.option("--summary", is_flag=True, help="Only how many there are, by reason.")
def list_letters(limit: int | None, as_json: bool, summary: bool, **fields: Any) -> None:
    """Print each dead letter once, even when a crash wrote it twice."""
    from itertools import islice

    from app.cli.json_lines import json_line
    from app.cli.letter_options import letter_filter
    from app.cli.table_columns import letter_columns, line
    from app.cli.views import for_json
    from app.dead_letters.read_letters import find_letters
    from app.settings import settings
    from app.terminal.streams import console

    ours = settings()
    found = islice(collaborator(find_letters)(ours, letter_filter(ours, (), **fields)), limit)
    if summary:
        _summarize(found, as_json=as_json)
        return
    shown = console(soft_wrap=True)
    if not as_json:
        shown.print(line(letter_columns(), None))
    for letter in found:
        if as_json:
            click.echo(json_line(for_json(letter.record())))
        else:
            shown.print(line(letter_columns(), letter.record()))


@command.command()
@click.argument("where")
def show(where: str) -> None:
    """Print one dead letter: why, from where, its value decoded or as bytes.

    WHERE is what `list` prints under "from", such as stocks.raw.avro[1]@392,
    or PARTITION:OFFSET of the dead-letters topic.
    """
    import asyncio

    from app.avro.serde import Poison
    from app.cli.letter_options import letter_filter
    from app.cli.letter_text import details
    from app.dead_letters.resend_check import ResendCheck
    from app.kafka.clients import registry
    from app.kafka.topics import topics
    from app.settings import settings

    ours = settings()
    check = ResendCheck(collaborator(registry)(ours), topics(ours))
    found = _found(ours, letter_filter(ours, (where,)))
    asyncio.run(check.prepare(found))
    for letter in found:
        try:
            value: Any = check.decode(letter)
        except Poison as poison:
            value = f"cannot be decoded: {poison}"
        click.echo("\n".join(map(visible, details(letter, value, check.verdict(letter)))))


@command.command()
@click.argument("where", nargs=-1)
@letter_options
@click.option("--limit", type=click.IntRange(min=1), help="At most so many, the oldest of each partition first.")
@click.option("--dry-run", is_flag=True, help="Only say what would be sent.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--force", is_flag=True, help="Also send those that would come back.")
def replay(where: tuple[str, ...], limit: int | None, dry_run: bool, yes: bool, force: bool, **fields: Any) -> None:
    """Send records to the topic they came from again, once the cause is mended.

    Each is read first as a worker would; those that would fail again stay,
    unless --force. Key and bytes are sent as they came, so what is wrong with
    them stays wrong: replaying mends what was wrong around them, such as a
    schema that was not registered. Replaying twice does no harm.
    """
    import asyncio

    from app.cli.letter_options import letter_filter
    from app.cli.letter_text import plan
    from app.dead_letters.resend import resend
    from app.dead_letters.resend_check import ResendCheck
    from app.dead_letters.resend_verdict import ResendChance
    from app.kafka.clients import registry
    from app.kafka.topics import topics
    from app.settings import settings

    ours = settings()
    check = ResendCheck(collaborator(registry)(ours), topics(ours))
    found = _found(ours, letter_filter(ours, where, **fields), limit)
    asyncio.run(check.prepare(found))
    judged = [(letter, check.verdict(letter)) for letter in found]
    click.echo("\n".join(map(visible, plan(judged, ours.late_bars))))
    chances = {ResendChance.GOOD, ResendChance.NONE} if force else {ResendChance.GOOD}
    chosen = [letter for letter, verdict in judged if verdict.chance in chances]
    if not chosen:
        click.echo("Nothing to send.")
        return
    if dry_run:
        click.echo(f"Would send {len(chosen):,}.")
        return
    if not yes:
        click.confirm(f"Send {len(chosen):,} to where they came from?", abort=True)
    click.echo(f"Sent {collaborator(resend)(ours, chosen):,}, all acknowledged.")


def _found(settings: "Settings", letter_filter: "LetterFilter", limit: int | None = None) -> "list[Letter]":
    from itertools import islice

    from app.dead_letters.read_letters import find_letters
    from app.errors import StocksError

    found = list(islice(collaborator(find_letters)(settings, letter_filter), limit))
    if not found:
        raise StocksError("There is no such dead letter: `stocks dead-letters list` shows those that there are")
    return found


def _summarize(find_letters: Any, *, as_json: bool) -> None:
    import json
    from collections import Counter

    counts = Counter(letter.reason or "-" for letter in find_letters)
    if as_json:
        click.echo(json.dumps(dict(counts.most_common())))
        return
    for reason, count in counts.most_common():
        click.echo(f"{count:>10,}  {visible(reason)}")
    click.echo(f"{counts.total():>10,}  in all")
