"""How glibc's malloc keeps memory: in two heaps, and what is free goes back to the system. musl does neither."""

import ctypes
from collections.abc import Callable
from typing import Any

#: How often to give back what is free.
GIVE_BACK_SECONDS = 30.0

#: Of glibc's malloc.h.
_M_ARENA_MAX = -8


def bound_heaps() -> None:
    """Have glibc keep freed memory in two heaps instead of eight a core; to be called before there are threads.

    Batches are made in one thread and freed in others, librdkafka's among them: with a
    heap a thread much more stays with the process than it ever needs at once.
    """
    _malloc("mallopt")(_M_ARENA_MAX, 2)


def give_back() -> None:
    """Give the pages back that are free; takes some 20 ms of 300 MB. glibc does so by itself only at a heap's end.

    Between what lasts, large batches leave gaps that add up over hours.
    """
    _malloc("malloc_trim")(0)


def _malloc(name: str) -> Callable[..., Any]:
    return getattr(ctypes.CDLL(None), name, lambda *_: None)
