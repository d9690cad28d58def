"""Each package says in a sentence what it holds: ARCHITECTURE.md lists no files, it sends its reader there."""

import ast
from pathlib import Path

import pytest

from tests.unit.pages.reading import ROOT

PACKAGES = sorted(
    str(path.parent.relative_to(ROOT))
    for folder in ("agents", "app", "schemas", "tables", "tests", "web")
    for path in (ROOT / folder).rglob("__init__.py")
    # Those below tests/unit mirror the code.
    if Path("tests/unit") not in path.relative_to(ROOT).parents[1:]
)


@pytest.mark.parametrize("package", PACKAGES)
def test_its_first_line_is_a_sentence(package: str) -> None:
    doc = ast.get_docstring(ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8")))
    assert doc
    sentence = doc.split("\n\n")[0]
    assert sentence[-1] in ".:"
    assert 3 <= len(sentence.split()) <= 30
