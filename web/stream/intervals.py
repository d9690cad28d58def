"""How often a client of push gets something, and how long it waits."""

from typing import NamedTuple


class Intervals(NamedTuple):
    """In seconds."""

    #: At least so often a client gets an event that says how far it is.
    progress: float = 15.0
    #: A client that gets nothing for so long gets a comment.
    heartbeat: float = 10.0
    #: Until workers are asked again that did not say which runs they have.
    ask_again: float = 1.0


USUAL = Intervals()
