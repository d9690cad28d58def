"""`stocks tables`: the tables' state, made anew."""

import click


@click.group("tables")
def command() -> None:
    """Recompute the tables from the bars."""


@command.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--partial", is_flag=True, help="Go on although retention has deleted bars.")
def rebuild(dry_run: bool, yes: bool, partial: bool) -> None:
    """Set both tables back, so that the next worker computes them anew from the raw topic.

    For a changelog that holds a value nobody can read, or state that must not be
    trusted. No worker may run. Safe to interrupt at any moment, and to repeat.
    """
    from app.broker import Broker
    from app.errors import StocksError
    from app.settings import settings
    from tables.rebuild import rebuild as set_back
    from tables.rebuild_survey import survey

    ours = settings()
    broker = Broker(ours)
    plan = survey(ours, broker)
    click.echo("\n".join(plan.lines()))
    if plan.cut and not partial:
        raise StocksError("The tables would be made of what is left of the bars: if that is what you want, --partial")
    if dry_run:
        return
    if not yes:
        click.confirm("Forget the tables?", abort=True)
    set_back(ours, broker, plan, click.echo)
    click.echo("Done: start a worker, and it computes the tables anew.")
