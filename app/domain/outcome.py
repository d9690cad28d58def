"""What may happen to one bar."""

from enum import StrEnum


class Outcome(StrEnum):
    """What happened to one bar, in the order in which it is decided."""

    APPENDED = "appended"
    """Newer than the newest bar."""
    DUPLICATE = "duplicate"
    """The same minute and values as a bar of the window."""
    CORRECTED = "corrected"
    """The same minute as one of the newest bars, with other values, which replace the old ones."""
    INSERTED = "inserted"
    """A missing minute among the newest bars."""
    STALE = "stale"
    """Too old to be taken in exactly."""
