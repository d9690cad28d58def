"""Where each of several workers on one machine keeps its tables, and where its API listens."""

from collections.abc import Callable
from contextlib import ExitStack
from socket import socket

from app.asgi.listen import listen
from app.errors import StocksError
from app.kafka.address import advertised_host
from app.settings import Settings
from app.supervisor.process import WorkerPlace

_LAST_PORT = 65535

Listen = Callable[[str, str, int], socket]


def places(settings: Settings, count: int, listen: Listen = listen) -> list[WorkerPlace]:
    """A folder in DATA_DIR for each worker, and ports from API_PORT on, or any free ones if that is 0.

    A worker keeps its folder and port from run to run, also when the count changes: what
    a folder lacks is restored from Kafka. None is DATA_DIR itself, which a single worker uses.
    Raises StocksError when a port is taken or there are too few.
    """
    first = settings.api_port
    if count > settings.partitions:
        raise StocksError(
            f"{count} workers cannot share {settings.partitions} partitions: choose at most --processes "
            f"{settings.partitions} (PARTITIONS can only be changed before the topics exist)"
        )
    if first and first + count - 1 > _LAST_PORT:
        raise StocksError(f"There are no {count} ports from API_PORT={first} on: the last one is {_LAST_PORT}")
    wanted = [first + index if first else 0 for index in range(count)]
    with ExitStack() as held:
        # All at once, so that no port is given out twice.
        socks = [held.enter_context(listen("API_PORT", settings.api_host, port)) for port in wanted]
        ports = [int(sock.getsockname()[1]) for sock in socks]
    host = advertised_host(settings)
    return [
        WorkerPlace(number, settings.data_dir / f"worker-{number}", port, f"http://{host}:{port}/")
        for number, port in enumerate(ports, 1)
    ]
