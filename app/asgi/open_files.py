"""How many files and connections the process may have open."""

import resource
from contextlib import suppress


def allow_open(count: int) -> int:
    """Raise the process's limit to so many, as far as the system lets it; return what it is now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < count:
        wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return count if soft == resource.RLIM_INFINITY else soft
