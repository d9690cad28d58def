"""`stocks front`: one address for several workers."""

import click


@click.command("front")
@click.option(
    "--workers",
    default="worker:8001",
    show_default=True,
    metavar="HOST:PORT",
    help="A name that stands for all workers, as a service's does in Docker and Kubernetes, and their port.",
)
def command(workers: str) -> None:
    """Listen on API_HOST and API_PORT, and pass each request on to a worker.

    A worker that does not answer or is not ready is passed over for the next,
    and what one worker does not hold it asks the others for.
    """
    from app.access.listening import check_access
    from app.asgi.limits import RequestLimits
    from app.asgi.listen import listen
    from app.asgi.security_headers import SecurityHeaders
    from app.cli.collaborators import collaborator
    from app.producer.service import serve
    from app.settings import settings
    from web.front import Front, replicas

    host, colon, port = workers.rpartition(":")
    if not (host and colon and port.isdecimal()):
        raise click.BadParameter(f"{workers!r} is not host:port", param_hint="--workers")
    ours = settings()
    # Workers on loopback ask for no token, so everybody who reaches this server also reaches them.
    check_access(ours)
    sock = listen("API_PORT", ours.api_host, ours.api_port)
    click.echo(f"Front: http://{ours.api_host}:{sock.getsockname()[1]}/ for the workers at {workers}")
    collaborator(serve)(
        SecurityHeaders(RequestLimits(Front(replicas(workers), workers).app)), sock, ours.api_max_connections
    )
