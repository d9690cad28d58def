"""How often tests patch a name instead of handing in a fake."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

#: For what has no other way in: a name of the standard library, of a test framework.
MOST = 19

HANDED_IN = (
    "hand a fake in: a parameter with a usual value, Faust's own seams as in tests/unit/engine/client.py, "
    "click's context as app/cli/collaborators.py has it"
)


def patches(tree: ast.AST) -> Iterator[int]:
    """The lines on which something patches a name: `monkeypatch.setattr(…)`, or an import of unittest.mock."""
    for node in ast.walk(tree):
        match node:
            case (
                ast.Call(func=ast.Attribute(attr="setattr"))
                | ast.ImportFrom(module="unittest.mock")
                | ast.ImportFrom(module="unittest", names=[ast.alias(name="mock")])
                | ast.Import(names=[ast.alias(name="unittest.mock")])
            ):
                yield node.lineno


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("monkeypatch.setattr(time, 'sleep', fake)", [1]),
        ("\nwith pytest.MonkeyPatch.context() as patch:\n    patch.setattr('a.b', 1)", [3]),
        ("from unittest.mock import patch", [1]),
        ("from unittest import mock", [1]),
        ("import unittest.mock", [1]),
        ("monkeypatch.setenv('A', 'b')", []),
        ("setattr(fake, 'is_full', True)", []),
    ],
)
def test_a_patch_is_seen(code: str, lines: list[int]) -> None:
    assert list(patches(ast.parse(code))) == lines


def test_few_names_are_patched() -> None:
    found = [
        f"{path.relative_to(TESTS.parent)}:{line}"
        for path in sorted(TESTS.rglob("*.py"))
        if "setattr" in (text := path.read_text(encoding="utf-8")) or "unittest" in text
        for line in patches(ast.parse(text))
    ]
    assert len(found) <= MOST, f"Tests patch {len(found)} names, and at most {MOST} may be: {HANDED_IN}. {found}"
