"""CHANGELOG.md: what is unreleased becomes a version's section."""

import re
from datetime import date

_HEADING = "## [Unreleased]\n"


class NothingToRelease(Exception):
    """CHANGELOG.md has no section Unreleased, or nothing in it; the message is a sentence."""


def unreleased(changelog: str) -> str:
    """What is below the heading Unreleased, up to the version before. Raises NothingToRelease."""
    _, heading, rest = changelog.partition(_HEADING)
    if not heading:
        raise NothingToRelease("CHANGELOG.md has no section `## [Unreleased]`: add it, with what has changed")
    section = re.split(r"^## \[", rest, maxsplit=1, flags=re.MULTILINE)[0].strip()
    if not re.search(r"^- ", section, re.MULTILINE):
        raise NothingToRelease("CHANGELOG.md says nothing below `## [Unreleased]`: write what has changed")
    return section


def released(changelog: str, version: str, day: date) -> str:
    """The changelog in which what was unreleased is of this version and day, below an empty section Unreleased."""
    unreleased(changelog)
    return changelog.replace(_HEADING, f"{_HEADING}\n## [{version}] - {day.isoformat()}\n", 1)
