"""Which process listens on a port: for errors that name it."""

import psutil


def port_owner(port: int) -> str:
    """The process that listens there, in words."""
    try:
        for connection in psutil.net_connections("tcp"):
            # A listening socket has a local address: (host, port).
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
                return f"process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        pass  # Some systems show a user only the connections of his own.
    return "another process"
