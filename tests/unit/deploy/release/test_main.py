"""The command: refusals, and a dry run that changes nothing."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from deploy.release import __main__ as command
from tests.unit.deploy.release.checkout import git, repository


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return repository(tmp_path / "checkout")


def release(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command.main, [*arguments, "--root", str(root)])


def test_a_dry_run_says_what_would_be_and_changes_nothing(root: Path) -> None:
    done = release(root, "1.0.0", "--dry-run", "--without-image")
    assert done.exit_code == 0, done.output
    assert "The image is left out." in done.output
    assert "- It is faster." in done.output
    assert "git push --atomic origin main v1.0.0" in done.output
    assert git(root, "status", "--porcelain", "--ignored") == ""
    assert git(root, "tag") == ""


def test_without_docker_it_must_be_said_that_there_is_no_image(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "has_docker", lambda: False)
    done = release(root, "1.0.0", "--dry-run")
    assert done.exit_code == 1
    assert "release --without-image" in done.output


def test_each_fault_is_named(root: Path) -> None:
    (root / "new.txt").write_text("")
    git(root, "tag", "v1.0.0")
    done = release(root, "1.0.0", "--without-image")
    assert done.exit_code == 1
    assert "  - the tree is not clean" in done.output
    assert "  - VERSION=1.0.0 is not above 1.0.0" in done.output
    assert git(root, "tag") == "v1.0.0"
