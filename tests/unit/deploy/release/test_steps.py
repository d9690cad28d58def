"""The order of a release: the tag comes last, and a step that fails leaves the checkout as it was."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from deploy.release.steps import Failed, Release
from tests.unit.deploy.release.checkout import CHANGELOG, IDENTITY, MANIFEST, Commands, git, repository

DAY = date(2026, 12, 1)

#: The files that a release changes.
CHANGED = ["CHANGELOG.md", "deploy/kubernetes/kustomization.yaml"]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    return repository(tmp_path / "checkout")


def make(root: Path, commands: Commands, *, with_image: bool = True) -> list[str]:
    said: list[str] = []
    Release(root, "1.0.0", uv="uv", say=said.append, run=commands).make(DAY, with_image=with_image)
    return said


def test_all_of_it(root: Path) -> None:
    commands = Commands("1.0.0")
    said = make(root, commands)
    assert [line for line in commands.ran if line.startswith(("make", "uv build", "docker", "git"))] == [
        "make lint type",
        "uv build --quiet --out-dir 1.0.0",
        "make test UV=uv ARGS=-q",
        "docker build --build-arg VERSION=1.0.0 --tag stock-signals:1.0.0 .",
        "docker run --rm --network none stock-signals:1.0.0 stocks --version",
        "git commit --quiet --message Version 1.0.0 --only -- CHANGELOG.md deploy/kubernetes/kustomization.yaml",
        "git tag --annotate v1.0.0 --message Version 1.0.0",
    ]
    assert git(root, "status", "--porcelain") == ""
    assert git(root, "log", "-1", "--format=%s %D") == "Version 1.0.0 HEAD -> main, tag: v1.0.0"
    assert (root / "CHANGELOG.md").read_text() == CHANGELOG.replace(
        "## [Unreleased]\n", "## [Unreleased]\n\n## [1.0.0] - 2026-12-01\n"
    )
    assert "newTag: 1.0.0\n" in (root / "deploy/kubernetes/kustomization.yaml").read_text()
    assert (root / "dist/1.0.0/requirements.txt").read_text() == "click==8\n"
    assert "Nothing was pushed" in said[-1]
    assert "git push --atomic origin main v1.0.0" in said[-1]
    assert "docker push YOUR-REGISTRY/stock-signals:1.0.0" in said[-1]


def test_what_is_tested_is_what_the_wheel_has(root: Path) -> None:
    (root / "app" / "forgotten.txt").write_text("not in the wheel")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "Second")
    commands = Commands("1.0.0")
    make(root, commands)
    assert commands.tested["app/data.txt"] == "of the wheel"
    assert "[1.0.0]" in commands.tested["CHANGELOG.md"]
    assert commands.tested.keys() == {"app/data.txt", *CHANGED, "tests/test_it.py", ".gitignore", ".venv/.done"}


def test_without_an_image(root: Path) -> None:
    commands = Commands("1.0.0")
    said = make(root, commands, with_image=False)
    assert not [line for line in commands.ran if line.startswith("docker")]
    assert "docker" not in said[-1]
    assert git(root, "tag") == "v1.0.0"


def test_what_was_added_meanwhile_is_not_committed(root: Path) -> None:
    (root / "new.txt").write_text("not tested")
    git(root, "add", "new.txt")
    make(root, Commands("1.0.0"))
    assert git(root, "show", "--name-only", "--format=", "v1.0.0^{commit}").split() == CHANGED


def test_a_commit_that_came_meanwhile_is_not_tagged(root: Path) -> None:
    def commit_then(*command: str | Path, **how: Any) -> str:
        if command[:2] == ("make", "lint"):
            git(root, "commit", "--quiet", "--allow-empty", "--message", "Meanwhile")
        return commands(*command, **how)

    commands = Commands("1.0.0")
    with pytest.raises(Failed, match="meanwhile; nothing is tagged"):
        Release(root, "1.0.0", uv="uv", say=lambda _: None, run=commit_then).make(DAY, with_image=False)
    assert (root / "CHANGELOG.md").read_text() == CHANGELOG
    assert git(root, "tag") == ""


def test_a_tag_that_git_refuses_is_made_by_hand(root: Path) -> None:
    with pytest.raises(Failed, match=r"The commit is made, the tag is not .* By hand: git tag --annotate v1.0.0"):
        make(root, Commands("1.0.0", "git tag"))
    assert git(root, "log", "-1", "--format=%s") == "Version 1.0.0"
    assert git(root, "tag") == ""


@pytest.mark.parametrize("failing", ["make lint", "uv build", "uv sync", "make test", "python", "docker", "git commit"])
def test_a_step_that_fails(failing: str, root: Path) -> None:
    with pytest.raises(Failed, match=r"ended with 1; nothing is tagged:\nwhat it said"):
        make(root, Commands("1.0.0", failing))
    assert (root / "CHANGELOG.md").read_text() == CHANGELOG
    assert (root / "deploy/kubernetes/kustomization.yaml").read_text() == MANIFEST
    assert git(root, "status", "--porcelain") == ""
    assert git(root, "tag") == ""
    assert git(root, "log", "--format=%s") == "First"


def test_a_wheel_that_says_another_version(root: Path) -> None:
    with pytest.raises(Failed, match=r"'stocks, version 0\.0\.0' and not 1\.0\.0; nothing is tagged"):
        make(root, Commands("0.0.0"))
    assert git(root, "status", "--porcelain") == ""
