"""The outcomes that a bar can have."""

from enum import StrEnum


class Outcome(StrEnum):
    """What a bar did to its window; the first outcome that applies counts."""

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
