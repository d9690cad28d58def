"""The drawings are well formed, and show what the code has."""

from xml.etree import ElementTree as ET

import pytest

from app.engine.failpoints import Failpoint
from tests.unit.pages.reading import ROOT, read

FOLDER = ROOT / "docs" / "drawings"
DRAWINGS = sorted(path.name for path in FOLDER.glob("*.svg"))


def words(name: str) -> list[str]:
    tree = ET.parse(FOLDER / name)  # noqa: S314, our own file
    return [element.text or "" for element in tree.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("name", DRAWINGS)
def test_it_is_well_formed_and_shown(name: str) -> None:
    assert words(name)
    assert f"(docs/drawings/{name})" in read("ARCHITECTURE.md")


def test_the_batch_comes_to_every_failpoint_in_their_order() -> None:
    shown = [word for word in words("batch.svg") if word in Failpoint.__members__]
    assert shown == list(Failpoint.__members__)


def test_the_layers_are_of_packages_and_modules_that_exist() -> None:
    named = [word for word in words("layers.svg") if "/" in word or word in ("agents", "schemas", "tables", "web")]
    assert len(named) > 15
    assert [name for name in named if not (ROOT / name).exists()] == []
