"""`stocks produce`: the producer as a service, with /health on PRODUCER_PORT."""

import time
from typing import Any

import click

from app.cli.source_options import source_options
from app.producer.pace import Pace


@click.command("produce")
@source_options
def command(pace: Pace, **options: Any) -> None:
    """Send the bars of FILE, Alpaca's or synthetic ones, and answer GET /health meanwhile and afterwards.

    Waits for a broker or registry that does not answer yet. Stays up when all
    is sent, until SIGTERM or Ctrl-C.
    """
    produce(pace, options)


def produce(pace: Pace, options: dict[str, Any]) -> None:
    """Serves until it is asked to stop; `options` are those of app.cli.source_options."""
    from app.asgi.listen import listen
    from app.cli.collaborators import collaborator
    from app.cli.open_source import open_source
    from app.kafka.clients import ClusterMissing, endpoints
    from app.logs.producer import set_up
    from app.logs.traces import traces
    from app.producer.connect import connect
    from app.producer.runner import Runner
    from app.producer.service import create_app, guarded, serve
    from app.settings import settings

    ours = settings()
    voice = set_up(ours)
    sock = listen("PRODUCER_PORT", ours.producer_host, ours.producer_port)
    source, faults = open_source(ours, options, pace, voice)
    tracing = traces(ours, f"{ours.id}-producer")
    open_delivery = collaborator(connect)
    runner = Runner(
        source, lambda: open_delivery(ours, source, traces=tracing), pace=pace, clock=time.time, patient=True
    )

    def broker() -> str | None:
        try:
            return endpoints(ours).kafka
        except ClusterMissing:
            return None

    voice.say(f"Health: http://{ours.producer_host}:{sock.getsockname()[1]}/health")
    collaborator(serve)(guarded(create_app(runner, faults, broker), ours.producer_host), sock)
    if tracing is not None:
        tracing.close()
