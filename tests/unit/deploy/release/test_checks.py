"""What is in the way of a release is said, all of it at once."""

from pathlib import Path

import pytest

from deploy.release.checks import faults
from tests.unit.deploy.release.checkout import git, repository


def test_nothing_is_in_the_way(tmp_path: Path) -> None:
    root = repository(tmp_path)
    git(root, "tag", "v0.9.0")
    git(root, "tag", "vivid")
    assert faults(root, "0.10.0") == []
    assert faults(root, "1.0.0rc1") == []


@pytest.mark.parametrize("version", ["", "1", "1.0", "v1.0.0", "1.0.0-rc1", "1.0.0+local", "1.0.0; true"])
def test_no_version(version: str, tmp_path: Path) -> None:
    assert faults(tmp_path, version) == [f"VERSION={version} is no version such as 1.2.0 or 1.2.0rc1"]


@pytest.mark.parametrize("version", ["0.9.0", "0.10.0", "0.10.0rc1"])
def test_a_version_that_is_not_above_the_newest_tag(version: str, tmp_path: Path) -> None:
    root = repository(tmp_path)
    git(root, "tag", "v0.9.0")
    git(root, "tag", "v0.10.0")
    assert faults(root, version) == [f"VERSION={version} is not above 0.10.0, the newest tag"]


def test_everything_is_in_the_way(tmp_path: Path) -> None:
    root = repository(tmp_path)
    (root / "CHANGELOG.md").write_text("# Changelog\n\n## [1.0.0] - 2026-12-01\n")
    (root / "new.txt").write_text("")
    git(root, "checkout", "--quiet", "--detach")
    unclean, no_branch, section, nothing = faults(root, "1.0.0")
    assert unclean.startswith("the tree is not clean")
    assert "CHANGELOG.md" in unclean
    assert "new.txt" in unclean
    assert no_branch.startswith("no branch is checked out")
    assert section == "CHANGELOG.md has a section 1.0.0 already"
    assert "has no section `## [Unreleased]`" in nothing
