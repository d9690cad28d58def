"""`stocks worker`: the worker, or several of them on this machine."""

import os
import sys

import click

from app.cli.collaborators import collaborator


@click.command("worker", context_settings={"ignore_unknown_options": True})
@click.option(
    "--processes",
    envvar="PROCESSES",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How many workers; each takes a core when there is much to do.",
)
@click.option(
    "--own-folder",
    is_flag=True,
    help="Use the first folder in DATA_DIR (worker-1, worker-2, …) that no other worker has; for replicas.",
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[FAUST OPTIONS]")
@click.pass_context
def command(context: click.Context, processes: int, own_folder: bool, options: tuple[str, ...]) -> None:
    """Run a worker in the foreground, or several that share the partitions.

    One is `faust -A app.main worker -l info`, to which other options go, such
    as --without-web.

    Several have a folder each in DATA_DIR (worker-1, worker-2, …) and ports
    from API_PORT on; ask any of them for any symbol (curl -L). One that dies
    is started again. Ctrl-C or SIGTERM stops all, a second one at once.
    """
    # --quiet leaves out Faust's banner; what the worker logs says the same in one line.
    worker = [sys.executable, "-m", "faust", "-A", "app.main", "--quiet", "worker", "-l", "info", *options]
    if own_folder:
        if processes > 1:
            raise click.UsageError("With --processes each worker has a folder of its own: leave out --own-folder.")
        _take_folder()
    if processes == 1:
        collaborator(os.execv)(worker[0], worker)
        return

    from app.access.listening import check_access
    from app.engine.datadir import check_usable
    from app.kafka.topic_admin import ensure_topics
    from app.settings import settings
    from app.supervisor.places import places
    from app.supervisor.supervisor import WorkerFailed, supervise
    from app.terminal.streams import say
    from app.terminal.visible import visible_lines

    ours = settings()
    # Each worker looks at these, too, but this says them once.
    check_access(ours)
    check_usable(ours.data_dir)
    found = places(ours, processes)
    collaborator(ensure_topics)(ours)
    try:
        status = collaborator(supervise)(found, worker, sys.stdout.fileno(), json_lines=ours.log_format == "json")
    except WorkerFailed as error:
        say(visible_lines(f"Error: {error}"))
        status = error.status
    context.exit(status)


def _take_folder() -> None:
    from app.settings import settings
    from app.supervisor.own_folder import take_folder

    os.environ["DATA_DIR"] = str(take_folder(settings().data_dir))
