"""`stocks watch`: the signals as they come, from a worker's stream."""

import sys

import click


@click.command("watch")
@click.argument("symbols", nargs=-1, metavar="[SYMBOL]...")
@click.option("--run", "run_id", help="The run to watch.  [default: the one that was active last]")
@click.option("--transitions", is_flag=True, help="Only signals whose action differs from the bar's before.")
@click.option(
    "--url", "urls", multiple=True, help="A worker's address; several: the next when one is gone.  [default: the local]"
)
def command(symbols: tuple[str, ...], run_id: str | None, transitions: bool, urls: tuple[str, ...]) -> None:
    """Watch signals as they come, of all symbols or of those named, until Ctrl-C.

    On a terminal a table that moves, otherwise a line a signal. Goes on
    where it was cut, without a gap and without a repeat.
    """
    from app.access.asking import authorization
    from app.asgi.listen import local_url
    from app.cli.collaborators import collaborator
    from app.cli.event_stream import EventStream
    from app.cli.watch_view import LinesView, LiveView
    from app.settings import settings
    from app.terminal.streams import console

    params = {"symbols": ",".join(symbols), "run": run_id or "", "transitions": "true" if transitions else ""}
    ours = settings()
    asked = {name: value for name, value in params.items() if value}
    open_stream = collaborator(EventStream)
    stream = open_stream(urls or [local_url(ours.api_host, ours.api_port)], asked, headers=authorization(ours))
    view = LiveView(console()) if sys.stdout.isatty() else LinesView(console(), console(stderr=True))
    try:
        with view:
            for event in stream:
                view.show(event)
    except (KeyboardInterrupt, BrokenPipeError):
        # The normal ways to end it: Ctrl-C, and `| head`.
        return
    finally:
        stream.close()
