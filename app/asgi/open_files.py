"""How many files and connections the process may have open."""

import resource
from contextlib import suppress
from typing import Protocol


class Limits(Protocol):
    """What the module `resource` does for this process: reads and sets its limits, each as (soft, hard)."""

    def getrlimit(self, which: int, /) -> tuple[int, int]:
        """The limit."""

    def setrlimit(self, which: int, limits: tuple[int, int], /) -> None:
        """Change the limit. Raises ValueError or OSError."""


def allow_open(count: int, limits: Limits = resource) -> int:
    """Raise the process's limit to so many, as far as the system lets it; return what it is now."""
    soft, hard = limits.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < count:
        wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
        with suppress(ValueError, OSError):
            limits.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return count if soft == resource.RLIM_INFINITY else soft
