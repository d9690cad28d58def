"""A port of this machine for a server that starts later, perhaps more than once."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from app.kafka.local_cluster import HOST


@contextmanager
def held_port() -> Iterator[int]:
    """A free port that the system gives to nobody else until the block ends.

    Between being found and being listened at, a port that is only free may be given to a server of another test. This
    one is bound, without listening: a server that sets SO_REUSEADDR, as all of ours do, may listen there all the same.
    """
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((HOST, 0))
        port = int(sock.getsockname()[1])
        if sys.platform != "linux":
            sock.close()  # Other systems let nobody else listen there.
        yield port
