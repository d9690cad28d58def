"""The processes that workers start, and those that outlive their worker."""

from contextlib import suppress

import psutil

#: A process that ends because its worker has ended may take so long.
GRACE_SECONDS = 5.0


class Children:
    """Children of workers, and theirs, each known by its pid and its start."""

    def __init__(self) -> None:
        self._parents: dict[psutil.Process, str] = {}

    def look(self, name: str, pid: int) -> None:
        """Note the processes that the worker `name` has now."""
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(pid).children(recursive=True):
                self._parents[child] = name

    def left(self, seconds: float = GRACE_SECONDS) -> list[str]:
        """Sentences that name those which still run after so many seconds; to be called when all workers have ended."""
        _, alive = psutil.wait_procs([child for child in self._parents if runs(child)], seconds)
        found = []
        for child in filter(runs, alive):
            with suppress(psutil.NoSuchProcess):
                found.append(f"{self._parents[child]} left process {child.pid} behind: {' '.join(child.cmdline())}")
        return found


def runs(process: psutil.Process) -> bool:
    """Whether it runs; one that has ended may wait for long for somebody to ask how."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
