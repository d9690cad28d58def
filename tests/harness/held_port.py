"""A port of this machine for a server that starts later, perhaps more than once.

Between being found and being listened at, a port that is only free may be given to a server of another test. These
are bound, without listening: a server that sets SO_REUSEADDR, as all of ours do, may listen there all the same.
"""

import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

from app.kafka.local_cluster import HOST


class HeldPort:
    """A free port, `number`, that the system gives to nobody else until this is closed."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((HOST, 0))
        self.number = int(self._socket.getsockname()[1])
        if sys.platform != "linux":
            self._socket.close()  # Other systems let nobody else listen there.

    def close(self) -> None:
        """Let the system give it to others."""
        self._socket.close()


@contextmanager
def held_port() -> Iterator[int]:
    """The number of a port that is held until the block ends."""
    with closing(HeldPort()) as port:
        yield port.number
