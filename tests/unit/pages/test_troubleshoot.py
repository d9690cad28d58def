"""The messages of docs/troubleshoot.md are those of the program."""

import ast
import re
from functools import cache

import pytest

from tests.unit.pages.reading import ROOT, read

#: A piece of this length is not found by chance.
LONG = 12

MESSAGES = [
    message
    for row in re.findall(r"^\| (.*?`.*?) \|", read("docs/troubleshoot.md"), re.MULTILINE)
    for message in re.findall(r"`([^`]+)`", row)
    if not message.startswith("make ")
]


@cache
def texts() -> set[tuple[str, ...]]:
    """All that the program may say: each text as its pieces between names and numbers."""
    found = set()
    for folder in ("app", "tables", "web", "agents"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                values = node.values if isinstance(node, ast.JoinedStr) else [node]
                pieces = [
                    each.value for each in values if isinstance(each, ast.Constant) and isinstance(each.value, str)
                ]
                found.add(tuple(piece.strip() for piece in pieces if len(piece.strip()) > 3))
    return found


def is_said(message: str) -> bool:
    shown = [piece.strip(" .:") for piece in message.split("…")]
    return any(
        sum(len(piece) for piece in pieces if piece in message) >= LONG
        or any(len(part) >= LONG - 2 and part in piece for part in shown for piece in pieces)
        for pieces in texts()
    )


@pytest.mark.parametrize("message", MESSAGES)
def test_the_program_says_so(message: str) -> None:
    assert is_said(message)


def test_another_message_is_not_found() -> None:
    assert len(MESSAGES) > 30
    assert not is_said("The moon is made of green cheese …")
