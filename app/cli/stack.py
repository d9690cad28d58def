"""`stocks stack`: the local Kafka and schema registry."""

import json
from collections import deque
from typing import TYPE_CHECKING

import click

from app.cli.collaborators import collaborator

if TYPE_CHECKING:
    from app.stack import StackStatus


@click.group("stack")
def command() -> None:
    """The local Kafka and schema registry: child processes, with their data in STACK_DIR."""


@command.command()
def up() -> None:
    """Start them, and leave them running."""
    from app import stack
    from app.cli.collaborators import collaborator
    from app.settings import settings
    from app.stack.progress import Shown

    chosen = settings()
    already = collaborator(stack.status)(chosen.stack_dir)
    found = collaborator(stack.start)(
        chosen.stack_dir,
        kafka_port=chosen.kafka_port,
        registry_port=chosen.schema_registry_port,
        progress=Shown(),
    )
    _show(found, "already running" if already else "running")
    if chosen.kafka_bootstrap:
        click.echo(f"Other commands do not use it: KAFKA_BOOTSTRAP is {chosen.kafka_bootstrap}", err=True)


@command.command()
def down() -> None:
    """Stop them. Their data stay."""
    from app import stack
    from app.settings import settings
    from app.stack.progress import Shown

    stopped = collaborator(stack.stop)(settings().stack_dir, progress=Shown())
    click.echo("Stopped" if stopped else "Nothing was running")


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Only the addresses, as JSON.")
def status(as_json: bool) -> None:
    """Say whether they run and answer; status 1 if not."""
    from app import stack
    from app.cli.collaborators import collaborator
    from app.settings import settings

    stack_dir = settings().stack_dir
    found = collaborator(stack.status)(stack_dir)
    if not found:
        raise stack.StackError(
            f"The local stack in {stack_dir} is not running, or does not answer. Start it with `stocks stack up`."
        )
    if as_json:
        click.echo(json.dumps({"kafka": found.kafka, "schema_registry": found.schema_registry}))
    else:
        _show(found, "running")


@command.command()
@click.option("-n", "--lines", default=20, show_default=True, help="Lines of each.")
def logs(lines: int) -> None:
    """Print the end of each log, and where it is."""
    from app.settings import settings
    from app.stack import StackError, apicurio, kafka
    from app.stack.processes import log_file
    from app.terminal.visible import visible_lines

    for role in (kafka.ROLE, apicurio.ROLE):
        path = log_file(settings().stack_dir, role)
        if not path.exists():
            raise StackError(f"There is no {path} yet. Start the local stack with `stocks stack up`.")
        click.echo(f"==> {path} <==")
        with path.open(errors="replace") as log:
            click.echo(visible_lines("".join(deque(log, lines))))


def _show(found: "StackStatus", how: str) -> None:
    click.echo(f"Kafka {found.kafka_version} {how} at {found.kafka} (process {found.kafka_pid})")
    click.echo(
        f"Apicurio Registry {found.schema_registry_version} {how} at {found.schema_registry} "
        f"(process {found.schema_registry_pid})"
    )
