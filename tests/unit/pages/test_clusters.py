"""docs/clusters.md has the program's own table of rights, and its commands."""

import re

from app.engine.rights import Right
from app.kafka.acls import ROLES, commands
from app.settings import Settings
from tests.unit.pages.reading import read

PAGE = "docs/clusters.md"


def rights() -> dict[str, list[Right]]:
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    return {part: role(settings) for part, role in ROLES.items()}


def table() -> list[str]:
    """The table as it must stand there: a resource a row, a part a column."""
    by_part = rights()
    resources = sorted(
        {right[1:] for given in by_part.values() for right in given}, key=lambda each: (each[0] != "topic", each)
    )
    lines = [f"| | {' | '.join(by_part)} |", f"|---|{'---|' * len(by_part)}"]
    for resource, name, prefixed in resources:
        cells = [
            ", ".join(right.operation for right in given if right[1:] == (resource, name, prefixed))
            for given in by_part.values()
        ]
        lines.append(f"| {resource} `{name}{'*' if prefixed else ''}` | {' | '.join(cells)} |")
    return lines


def test_the_table_is_the_programs() -> None:
    assert "\n".join(table()) in read(PAGE)


def test_the_commands_that_it_shows_are_printed() -> None:
    by_part = rights()
    printed = {
        line
        for given in by_part.values()
        for cloud, principal in ((False, "User:stocks-worker"), (True, "User:sa-123"))
        for line in commands(given, principal, "…", cloud=cloud)
    }
    shown = re.findall(r"^(?:kafka-acls\.sh|confluent kafka acl create) .*$", read(PAGE), re.MULTILINE)
    assert len(shown) > 3
    assert set(shown) <= printed
