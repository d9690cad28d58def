"""`stocks tables`: the tables' state, computed again."""

import click


@click.group("tables")
def command() -> None:
    """Recompute the tables from the bars."""


@command.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--partial", is_flag=True, help="Go on although retention has deleted bars.")
def rebuild(dry_run: bool, yes: bool, partial: bool) -> None:
    """Set the tables back, so that the next worker computes them again from the raw topic.

    For rows that cannot be read, rows that must not be trusted, another KEEP_BARS,
    and tables of version 0.1. No worker may run. Safe to interrupt at any moment,
    and to repeat.
    """
    from app.cli.collaborators import collaborator
    from app.errors import StocksError
    from app.kafka.broker import Broker
    from app.settings import settings
    from tables.rebuild.make_plan import make_plan
    from tables.rebuild.set_back import rebuild as set_back

    ours = settings()
    broker = collaborator(Broker)(ours)
    plan = make_plan(ours, broker)
    click.echo("\n".join(plan.lines()))
    if plan.cut and not partial:
        raise StocksError("The tables would be made of what is left of the bars: if that is what you want, --partial")
    if dry_run:
        return
    if not yes:
        click.confirm("Forget the tables?", abort=True)
    collaborator(set_back)(ours, broker, plan, click.echo)
    click.echo("Done: start a worker, and it computes the tables again.")
