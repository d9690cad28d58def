"""What a check found."""

from typing import Literal, NamedTuple

Level = Literal["ok", "warning", "broken"]


class Finding(NamedTuple):
    """One line of the report: `message` says how it is, `fix` how to mend it where there is something to mend."""

    level: Level
    check: str
    message: str
    fix: str = ""


def explained(level: Level, check: str, error: Exception) -> Finding:
    """Our errors read `what is wrong: how to mend it`."""
    message, _, fix = str(error).partition(": check ")
    return Finding(level, check, message, f"check {fix}" if fix else "")
